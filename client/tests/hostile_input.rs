//! Whatever a site, a page or a file contains, nothing here panics.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use tower_sqrl_client::base64url::encode;
use tower_sqrl_client::browser::Page;
use tower_sqrl_client::wire::{Ask, Form, List, Reply, Tif};
use tower_sqrl_client::{Link, RescueCode};

fn page(body: String) -> Page {
    Page {
        url: "http://h/".parse().unwrap(),
        redirects: Vec::new(),
        status: http::StatusCode::OK,
        headers: http::HeaderMap::new(),
        body,
    }
}

proptest! {
    #[test]
    fn any_text(text in any::<String>()) {
        let _ = text.parse::<Link>();
        let _ = text.parse::<RescueCode>();
        let _ = Reply::parse(&text);
        let _ = Reply::parse(&encode(&text));
        let _ = (Ask::parse(&text), Tif::parse(&text), Form::decode(&text));
        let _ = page(text).sqrl_link();
    }

    #[test]
    fn any_bytes(bytes in any::<Vec<u8>>()) {
        let _ = List::parse(&bytes);
        let _ = Ask::parse(&encode(&bytes));
    }

    #[test]
    fn nearly_links(text in "(sqrl|qrl)://[a-z@:\\[\\]/.0-9]{0,12}(\\?(nut|x|can)=[0-9A-Za-z=&-]{0,9}){0,2}") {
        if let Ok(link) = text.parse::<Link>() {
            prop_assert_eq!(link.as_str(), text.as_str());
            let domain = link.domain().as_str();
            prop_assert!(!domain.is_empty() && !domain.contains(['?', '@']));
        }
    }

    #[test]
    fn nearly_pages(body in "(<a |href|=|\"|'|>|&|#x26;|;|sqrl://h/\\?nut=n| |\u{e9}){0,12}") {
        let _ = page(body).sqrl_link();
    }

    /// A list survives the way there and back, and only in its one form.
    #[test]
    fn lists_round_trip(lines in prop::collection::btree_map("[a-z]{1,8}", "[ -~]{0,20}", 1..6)) {
        let mut list = List::default();
        for (name, value) in &lines {
            list.push(name, value);
        }
        prop_assert_eq!(List::decode(&list.encode()), Ok(list));
    }
}
