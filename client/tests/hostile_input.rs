//! No input of a site, a page or a file causes a panic.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use tower_sqrl_client::base64url::encode;
use tower_sqrl_client::browser::Page;
use tower_sqrl_client::wire::{Ask, Form, List, Reply, Tif};
use tower_sqrl_client::{RescueCode, SqrlUrl};

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
        let _ = text.parse::<SqrlUrl>();
        let _ = text.parse::<RescueCode>();
        let _ = Reply::parse(&text);
        let _ = Reply::parse(&encode(&text));
        let _ = (text.parse::<Ask>(), text.parse::<Tif>(), Form::decode(&text));
        let _ = page(text).sqrl_url();
    }

    #[test]
    fn any_bytes(bytes in any::<Vec<u8>>()) {
        let _ = List::parse(&bytes);
        let _ = encode(&bytes).parse::<Ask>();
    }

    #[test]
    fn almost_sqrl_urls(text in "(sqrl|qrl)://[a-z@:\\[\\]/.0-9]{0,12}(\\?(nut|x|can)=[0-9A-Za-z=&-]{0,9}){0,2}") {
        if let Ok(url) = text.parse::<SqrlUrl>() {
            prop_assert_eq!(url.as_str(), text.as_str());
            let domain = url.domain().as_str();
            prop_assert!(!domain.is_empty() && !domain.contains(['?', '@']));
        }
    }

    #[test]
    fn almost_pages(body in "(<a |href|=|\"|'|>|&|#x26;|;|sqrl://h/\\?nut=n| |\u{e9}){0,12}") {
        let _ = page(body).sqrl_url();
    }

    #[test]
    fn lists_round_trip(lines in prop::collection::btree_map("[a-z]{1,8}", "[ -~]{0,20}", 1..6)) {
        let mut list = List::default();
        for (name, value) in &lines {
            list.push(name, value);
        }
        prop_assert_eq!(List::decode(&list.encode()), Ok(list));
    }
}
