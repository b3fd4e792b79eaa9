//! Whose address the demo believes.

use http::{HeaderName, HeaderValue};
use tower_sqrl_client::browser::Browser;
use tower_sqrl_client::{Http, Refusal};

use crate::people::Person;
use crate::process::Demo;

/// Connections that say they come from an address.
fn from(address: &'static str) -> Http {
    let header = HeaderName::from_static("x-forwarded-for");
    Http::builder().header(header, HeaderValue::from_static(address)).build()
}

/// A person whose browser and client say they have these addresses.
fn person(browser: &'static str, client: &'static str) -> Person {
    let person = Person::new();
    Person { browser: Browser::new(from(browser)), client: person.client.with_http(from(client)) }
}

/// Whether the demo takes them for two machines.
async fn is_refused(demo: &Demo, person: &Person) -> bool {
    let login = person.browser.open(&demo.url("/login")).await.expect("a page");
    let link = login.sqrl_url().expect("a link");
    match person.client.sign_in(&link).await {
        Ok(_) => false,
        Err(error) => {
            assert_eq!(error.refusal(), Some(&Refusal::OtherAddress), "{error}");
            true
        }
    }
}

#[tokio::test]
async fn a_forged_header_says_nothing_without_a_proxy() {
    let demo = Demo::in_memory(&[]);
    assert!(!is_refused(&demo, &person("192.0.2.1", "192.0.2.2")).await);

    // The same with a proxy that the connection does not come from.
    let demo = Demo::in_memory(&["--trusted-proxy", "198.51.100.0/24"]);
    assert!(!is_refused(&demo, &person("192.0.2.1", "192.0.2.2")).await);
}

#[tokio::test]
async fn a_trusted_proxy_says_who_is_there_and_a_forged_part_does_not() {
    let arguments = ["--trusted-proxy", "127.0.0.1", "--trusted-proxy", "10.0.0.0/8"];
    let demo = Demo::in_memory(&arguments);
    assert!(is_refused(&demo, &person("192.0.2.1", "192.0.2.2")).await);
    assert!(!is_refused(&demo, &person("192.0.2.1", "192.0.2.1, 10.1.2.3")).await);
    // What stands left of what the proxy wrote, the client wrote itself.
    assert!(is_refused(&demo, &person("192.0.2.1", "192.0.2.1, 192.0.2.2")).await);
}
