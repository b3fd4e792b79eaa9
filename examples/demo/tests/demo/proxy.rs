//! `--trusted-proxy`.

use http::{HeaderName, HeaderValue};
use tower_sqrl_client::browser::Browser;
use tower_sqrl_client::{Http, Refusal};

use crate::person::Person;
use crate::process::Demo;

/// Returns connections that claim an address in `X-Forwarded-For`.
fn claiming(address: &'static str) -> Http {
    let header = HeaderName::from_static("x-forwarded-for");
    Http::builder().header(header, HeaderValue::from_static(address)).build()
}

/// Returns a person whose browser and client claim these addresses.
fn person(browser: &'static str, client: &'static str) -> Person {
    let person = Person::new();
    Person {
        browser: Browser::new(claiming(browser)),
        client: person.client.with_http(claiming(client)),
    }
}

/// Returns whether the demo refuses the client because its address differs from the browser's.
async fn is_refused(demo: &Demo, person: &Person) -> bool {
    let login = person.browser.open(&demo.url("/login")).await.expect("a page");
    let sqrl_url = login.sqrl_url().expect("a SQRL URL");
    match person.client.sign_in(&sqrl_url).await {
        Ok(_) => false,
        Err(error) => {
            assert_eq!(error.refusal(), Some(&Refusal::OtherAddress), "{error}");
            true
        }
    }
}

#[tokio::test]
async fn a_forwarding_header_is_ignored_without_a_trusted_proxy() {
    let demo = Demo::in_memory(&[]);
    assert!(!is_refused(&demo, &person("192.0.2.1", "192.0.2.2")).await);

    // The proxy is trusted, but the connection does not come from it.
    let demo = Demo::in_memory(&["--trusted-proxy", "198.51.100.0/24"]);
    assert!(!is_refused(&demo, &person("192.0.2.1", "192.0.2.2")).await);
}

#[tokio::test]
async fn the_address_that_a_trusted_proxy_sends_counts() {
    let arguments = ["--trusted-proxy", "127.0.0.1", "--trusted-proxy", "10.0.0.0/8"];
    let demo = Demo::in_memory(&arguments);
    assert!(is_refused(&demo, &person("192.0.2.1", "192.0.2.2")).await);
    assert!(!is_refused(&demo, &person("192.0.2.1", "192.0.2.1, 10.1.2.3")).await);
    // The client can forge only what is left of the part that the proxy appends.
    assert!(is_refused(&demo, &person("192.0.2.1", "192.0.2.1, 192.0.2.2")).await);
}
