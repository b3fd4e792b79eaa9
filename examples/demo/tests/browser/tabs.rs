//! Many sign-in pages in one browser.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use crate::chromium::{Chromium, PATIENCE, PAUSE};
use crate::front::Front;
use crate::new_app;
use crate::process::Demo;

/// The nginx configuration of the guide.
const NGINX: &str = include_str!("../../../cluster/nginx.conf");
/// The directive that it advises for a public site.
const LISTEN: &str = "listen 443 ssl http2;";

/// Returns the protocol by which the document was loaded, and the time in milliseconds.
const ARRIVAL: &str = "
    const { nextHopProtocol, responseEnd } = performance.getEntriesByType('navigation')[0];
    return [nextHopProtocol, responseEnd];
";
/// Returns the number of pages of this browser that have an event stream.
const STREAMS: &str = "
    const ours = ({ name }) => name.startsWith('sqrl-stream-');
    return navigator.locks.query().then(({ held }) => held.filter(ours).length);
";

/// Stops every timer of a second or more.
const STOP_POLLING: &str = "
    for (let last = setTimeout(() => {}); last > 0; last -= 1) clearTimeout(last);
    const real = setTimeout;
    window.setTimeout = (act, wait) => wait < 1000 ? real(act, wait) : 0;
";
const OPEN_19: &str = "return (async () => {
    for (let page = 0; page < 19; page += 1) await fetch('/login');
})();";

/// The demo behind the nginx of the repository, with TLS.
struct Site {
    front: Front,
    _certificate: TempDir,
}

impl Site {
    fn start() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("one");
        let files = TempDir::new().expect("a directory");
        let directory = files.path().display();
        std::fs::write(files.path().join("certificate"), made.cert.pem()).expect("a file");
        let key = made.signing_key.serialize_pem();
        std::fs::write(files.path().join("key"), key).expect("a file");
        assert!(NGINX.contains(LISTEN) && NGINX.contains("127.0.0.1:8081"));
        let listen = format!(
            "    {}\n    ssl_certificate {directory}/certificate;\n    \
             ssl_certificate_key {directory}/key;\n",
            LISTEN.replace("443", "127.0.0.1:{{port}}"),
        );
        let http = NGINX
            .replace("127.0.0.1:8081", "{{demo}}")
            .replace("    server 127.0.0.1:8082 fail_timeout=2s;\n", "")
            .replace("/var/log/nginx/", "{{dir}}/")
            .replace("    listen 8080;\n", &listen);
        Self { front: Front::start(&http, "https://localhost"), _certificate: files }
    }

    /// Waits until the log has this many signed-in accounts after the byte `since`.
    async fn are_signed_in(&self, people: usize, since: usize) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let log = self.front.demo.log();
            let lines =
                log[since..].lines().filter_map(|line| line.split_once("signed in account="));
            let accounts: HashSet<&str> = lines.map(|(_, account)| account).collect();
            if accounts.len() == people {
                return;
            }
            assert!(Instant::now() < deadline, "{} of {people} are signed in", accounts.len());
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Opens another page of the site, which must load within a second.
    async fn loads_at_once(&self, browser: &Chromium, protocol: &str) {
        browser.open_in_new_tab(&self.front.demo.url("/")).await;
        let arrival = browser.run(ARRIVAL).await;
        assert_eq!(arrival[0], protocol);
        let milliseconds = arrival[1].as_f64().expect("a number");
        assert!(milliseconds < 1000.0, "{milliseconds} ms over {protocol}");
    }

    /// Opens six pages in tabs, one of which is visible, and six in windows.
    async fn twelve_pages_wait(&self, protocol: &str, arguments: &[&str]) {
        let arguments = [&["--ignore-certificate-errors"], arguments].concat();
        let browser = Chromium::start_with(&arguments, json!({})).await;
        browser.give_pages(Duration::from_secs(20)).await;
        let login = self.front.demo.url("/login");
        let mut sqrl_urls = Vec::new();
        for page in 0..12 {
            match page {
                0 => browser.open(&login).await,
                1..6 => browser.open_in_new_tab(&login).await,
                _ => browser.open_in_new_window(&login).await,
            }
            browser.state("waiting").await;
            sqrl_urls.push(browser.button_url().await);
            if page == 5 {
                self.loads_at_once(&browser, protocol).await;
                has_streams(&browser, 0).await;
            }
        }
        has_streams(&browser, 2).await;
        self.loads_at_once(&browser, protocol).await;

        // Hidden pages notice their sign-in as well, so none is brought to the front.
        let since = self.front.demo.log().len();
        for sqrl_url in &sqrl_urls {
            self.front.new_app().sign_in(sqrl_url).await.expect("a sign-in");
        }
        self.are_signed_in(12, since).await;
        browser.close().await;
    }
}

/// Waits until this many pages have a stream.
async fn has_streams(browser: &Chromium, pages: u64) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let streams = browser.run(STREAMS).await;
        if streams == pages {
            return;
        }
        assert!(Instant::now() < deadline, "{streams} streams, not {pages}");
        tokio::time::sleep(PAUSE).await;
    }
}

#[tokio::test]
async fn any_number_of_pages_waits_and_the_site_stays_open() {
    let site = Site::start();
    site.twelve_pages_wait("http/1.1", &["--disable-http2"]).await;
    site.twelve_pages_wait("h2", &[]).await;
}

#[tokio::test]
async fn a_page_that_is_evicted_says_so_at_once() {
    let demo = Demo::in_memory(&[]);
    let mut browser = Chromium::start().await;
    browser.open(&demo.url("/login")).await;
    browser.state("waiting").await;
    browser.listens().await;
    browser.run(STOP_POLLING).await;
    // Cookies have a time in seconds, and this page's cookie must be the oldest.
    tokio::time::sleep(Duration::from_secs(1)).await;
    // A browser keeps the cookies of twenty waits. These pages run no script.
    browser.run(OPEN_19).await;
    // This page does, in a new window, so that the first page stays visible.
    browser.open_in_new_window(&demo.url("/login")).await;
    browser.state("waiting").await;

    browser.go_to_tab(0).await;
    let said = browser.state("evicted").await;
    assert!(said.starts_with("Too many sign-in pages are open in this browser"), "{said}");
    assert!(!browser.shows("[data-sqrl=\"button\"]").await);
    browser.click("[data-sqrl=\"reload\"]").await;
    browser.state("waiting").await;
    new_app().sign_in(&browser.scan().await).await.expect("a sign-in");
    browser.arrives_at_account(&demo).await;
    browser.close().await;
}
