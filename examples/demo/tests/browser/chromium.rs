//! A browser of somebody's, with an empty profile, and what its sign-in page shows.

use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::wd::{TimeoutConfiguration, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder, Locator};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use test_servers::Chromedriver;
use tower_sqrl_client::{SqrlUrl, base64url};
use url::{ParseError, Url};

use crate::process::Demo;
use crate::qr;

/// Longer than any of it takes, on a busy machine too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks.
pub(crate) const PAUSE: Duration = Duration::from_millis(50);

/// A session of Chromium; its windows share cookies, and nothing with other sessions.
#[derive(Debug)]
pub(crate) struct Chromium {
    client: Client,
    pub(super) heard: Vec<Value>,
}

impl Chromium {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[], json!({})).await
    }

    /// With further command line arguments, and preferences of the profile.
    pub(crate) async fn start_with(arguments: &[&str], preferences: Value) -> Self {
        static DRIVER: OnceLock<Chromedriver> = OnceLock::new();
        let driver = DRIVER.get_or_init(|| Chromedriver::start().expect("a WebDriver"));
        let arguments = [&["--window-size=1100,1000"], arguments].concat();
        let mut capabilities = driver.capabilities_with(&arguments);
        capabilities["goog:chromeOptions"]["prefs"] = preferences;
        let logs = json!({ "browser": "ALL", "performance": "ALL" });
        capabilities.insert("goog:loggingPrefs".to_owned(), logs);
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&driver.url())
            .await
            .expect("a browser");
        Self { client, heard: Vec::new() }
    }

    /// A page that takes longer to load is an error.
    pub(crate) async fn give_pages(&self, longest: Duration) {
        let timeouts = TimeoutConfiguration::new(None, Some(longest), None);
        self.client.update_timeouts(timeouts).await.expect("a timeout");
    }

    pub(crate) async fn close(self) {
        self.client.close().await.expect("a closed browser");
    }

    pub(crate) async fn open(&self, url: &str) {
        self.client.goto(url).await.expect("a page");
    }

    /// Opens a page in a tab of its own, which the commands that follow are for.
    pub(crate) async fn open_in_new_tab(&self, url: &str) {
        let tab = self.client.new_window(true).await.expect("a tab");
        self.client.switch_to_window(tab.handle).await.expect("the tab");
        self.open(url).await;
    }

    /// Opens a page in a window of its own, beside the others.
    pub(crate) async fn open_in_new_window(&self, url: &str) {
        let window = self.client.new_window(false).await.expect("a window");
        self.client.switch_to_window(window.handle).await.expect("the window");
        self.open(url).await;
    }

    /// Goes to the tab that was opened first, second, …, beginning with 0.
    pub(crate) async fn go_to_tab(&self, number: usize) {
        let tabs = self.client.windows().await.expect("tabs");
        self.client.switch_to_window(tabs[number].clone()).await.expect("the tab");
    }

    pub(crate) async fn url(&self) -> String {
        self.client.current_url().await.expect("an address").into()
    }

    /// Waits until the tab is at an address.
    pub(crate) async fn arrives(&self, url: &str) {
        let wanted: Url = url.parse().expect("an address");
        let arrived = self.client.wait().at_most(PATIENCE).every(PAUSE).for_url(&wanted).await;
        if let Err(error) = arrived {
            panic!("{error}: {wanted}, but {}", self.seen().await);
        }
    }

    /// Waits until the tab is at the account page, and returns the account's id.
    pub(crate) async fn arrives_at_account(&self, demo: &Demo) -> String {
        self.arrives(&demo.url("/account")).await;
        self.text("h1 + p code").await
    }

    /// Waits until an element is there.
    pub(crate) async fn element(&self, css: &str) -> Element {
        let wait = self.client.wait().at_most(PATIENCE).every(PAUSE);
        match wait.for_element(Locator::Css(css)).await {
            Ok(element) => element,
            Err(error) => panic!("{error}: {css}, but {}", self.seen().await),
        }
    }

    /// Where the tab is, and what a person sees there.
    async fn seen(&self) -> String {
        let body = self.client.find(Locator::Css("body")).await.expect("a page");
        format!("{}: {}", self.url().await, body.text().await.expect("its text"))
    }

    /// The text of an element as a person sees it.
    pub(crate) async fn text(&self, css: &str) -> String {
        self.element(css).await.text().await.expect("its text")
    }

    pub(crate) async fn attribute(&self, css: &str, name: &str) -> String {
        let value = self.element(css).await.attr(name).await.expect("its attributes");
        value.unwrap_or_else(|| panic!("no {name} at {css}"))
    }

    /// Whether a person sees an element.
    pub(crate) async fn shows(&self, css: &str) -> bool {
        self.element(css).await.is_displayed().await.expect("it is there")
    }

    pub(crate) async fn click(&self, css: &str) {
        self.element(css).await.click().await.expect("a click");
    }

    /// Presses the key on an element that has the focus by then.
    pub(crate) async fn press_enter(&self, css: &str) {
        self.element(css).await.send_keys("\u{E007}").await.expect("a key");
    }

    /// Waits until the sign-in page is in a state, and returns the line that says so.
    pub(crate) async fn state(&self, state: &str) -> String {
        self.text(&format!("#sqrl[data-state=\"{state}\"] [data-sqrl=\"status\"]")).await
    }

    /// Waits until the sign-in page says this.
    pub(crate) async fn says(&self, words: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let said = self.text("[data-sqrl=\"status\"]").await;
            if said == words {
                return;
            }
            assert!(Instant::now() < deadline, "{said:?}, not {words:?}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The link of the sign-in page's button.
    pub(crate) async fn button_link(&self) -> SqrlUrl {
        let link = self.attribute("[data-sqrl=\"button\"]", "href").await;
        link.parse().expect("a link")
    }

    /// Reads the QR code from the picture that the page shows.
    pub(crate) async fn scan(&self) -> SqrlUrl {
        self.scan_other_than(None).await
    }

    /// Waits until the picture shows another code.
    pub(crate) async fn scan_other_than(&self, old: Option<&SqrlUrl>) -> SqrlUrl {
        let picture = self.element("[data-sqrl=\"qr\"]").await;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let seen = qr::read(&picture.screenshot().await.expect("a screenshot"));
            let link = seen.map(|text| text.parse::<SqrlUrl>().expect("a link"));
            if let Some(link) = link.filter(|link| Some(link) != old) {
                return link;
            }
            assert!(Instant::now() < deadline, "no code, or still the old one");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Runs a function's body in the page.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.expect("a result")
    }

    /// The same with arguments.
    pub(crate) async fn run_with(&self, script: &str, arguments: &[&str]) -> Value {
        let arguments = arguments.iter().map(|&argument| argument.into()).collect();
        self.client.execute(script, arguments).await.expect("a result")
    }

    /// Makes the tab's document known, to see whether it is still the same later.
    pub(crate) async fn mark(&self) {
        self.run("window.marked = true").await;
    }

    pub(crate) async fn is_marked(&self) -> bool {
        self.run("return window.marked === true").await == Value::Bool(true)
    }

    /// A command of Chrome's `DevTools` protocol for the tab.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) {
        let body = json!({ "cmd": command, "params": parameters });
        self.send("goog/cdp/execute", body).await;
    }

    /// The timers of pages that are opened from now on run so many times as fast.
    pub(crate) async fn hurry(&self, times: u32) {
        let source = format!(
            "{{ const real = setTimeout; window.setTimeout = (act, wait) => real(act, wait / {times}); }}"
        );
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": source })).await;
    }

    /// Requests to such addresses fail from now on.
    pub(crate) async fn block(&self, pattern: &str) {
        self.devtools("Network.enable", json!({})).await;
        self.devtools("Network.setBlockedURLs", json!({ "urls": [pattern] })).await;
    }

    /// As on a screen of this many CSS pixels, with these colours; they change at once.
    pub(crate) async fn screen(&self, width: u32, height: u32, scheme: &str) {
        let scheme = json!({ "name": "prefers-color-scheme", "value": scheme });
        let still = json!({ "name": "prefers-reduced-motion", "value": "reduce" });
        let media = json!({ "features": [scheme, still] });
        self.devtools("Emulation.setEmulatedMedia", media).await;
        let mut screen = Map::new();
        screen.insert("width".to_owned(), width.into());
        screen.insert("height".to_owned(), height.into());
        screen.insert("deviceScaleFactor".to_owned(), 2.into());
        screen.insert("mobile".to_owned(), (width < 600).into());
        self.devtools("Emulation.setDeviceMetricsOverride", screen.into()).await;
    }

    /// Waits until an element's text begins like this.
    pub(crate) async fn shows_text(&self, css: &str, beginning: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = self.text(css).await;
            if text.starts_with(beginning) {
                return;
            }
            assert!(Instant::now() < deadline, "{text:?}, not {beginning:?}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Requests carry this `Accept-Language` from now on.
    pub(crate) async fn language(&self, language: &str) {
        self.devtools("Network.enable", json!({})).await;
        let headers = json!({ "headers": { "Accept-Language": language } });
        self.devtools("Network.setExtraHTTPHeaders", headers).await;
    }

    /// Writes a picture of the page to `target/tmp/pages/NAME.png`, for people to look at.
    pub(crate) async fn picture(&self, name: &str) {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
        std::fs::create_dir_all(&directory).expect("a directory");
        let whole = json!({ "captureBeyondViewport": true });
        let body = json!({ "cmd": "Page.captureScreenshot", "params": whole });
        let picture = self.send("goog/cdp/execute", body).await;
        let digits = picture["data"].as_str().expect("a screenshot");
        let digits = digits.replace('+', "-").replace('/', "_");
        let picture = base64url::decode(digits.trim_end_matches('=')).expect("base64");
        std::fs::write(directory.join(format!("{name}.png")), picture).expect("a file");
    }

    /// One of Chromium's own `WebDriver` commands.
    pub(super) async fn send(&self, path: &'static str, body: Value) -> Value {
        self.client.issue_cmd(Extension { path, body }).await.expect("an answer")
    }
}

#[derive(Debug)]
struct Extension {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Extension {
    fn endpoint(&self, base_url: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base_url.join(&format!("/session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
