//! A browser with an empty profile, and what its sign-in page shows.

use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
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

/// Longer than any step takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// The interval of polling.
pub(crate) const PAUSE: Duration = Duration::from_millis(50);

/// A session of Chromium. Its windows share cookies; sessions share nothing.
#[derive(Debug)]
pub(crate) struct Chromium {
    client: Client,
    pub(super) heard: Vec<Value>,
}

impl Chromium {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[], json!({})).await
    }

    /// Starts Chromium with further command-line arguments and preferences of the profile.
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

    /// Sets how long a page may take to load.
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

    /// Opens a page in a new tab. The following commands are for that tab.
    pub(crate) async fn open_in_new_tab(&self, url: &str) {
        let tab = self.client.new_window(true).await.expect("a tab");
        self.client.switch_to_window(tab.handle).await.expect("the tab");
        self.open(url).await;
    }

    /// Opens a page in a new window. The following commands are for that window.
    pub(crate) async fn open_in_new_window(&self, url: &str) {
        let window = self.client.new_window(false).await.expect("a window");
        self.client.switch_to_window(window.handle).await.expect("the window");
        self.open(url).await;
    }

    /// Switches to a tab by its number, in the order of opening, from 0.
    pub(crate) async fn go_to_tab(&self, number: usize) {
        let tabs = self.client.windows().await.expect("tabs");
        self.client.switch_to_window(tabs[number].clone()).await.expect("the tab");
    }

    pub(crate) async fn url(&self) -> String {
        self.client.current_url().await.expect("an address").into()
    }

    /// Waits until the tab has this URL.
    pub(crate) async fn arrives(&self, url: &str) {
        let wanted: Url = url.parse().expect("an address");
        let wait = || self.client.wait().at_most(PATIENCE).every(PAUSE).for_url(&wanted);
        let mut arrived = wait().await;
        if arrived.as_ref().is_err_and(is_navigating) {
            arrived = wait().await;
        }
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
        let wait =
            || self.client.wait().at_most(PATIENCE).every(PAUSE).for_element(Locator::Css(css));
        let mut found = wait().await;
        if found.as_ref().is_err_and(is_navigating) {
            found = wait().await;
        }
        match found {
            Ok(element) => element,
            Err(error) => panic!("{error}: {css}, but {}", self.seen().await),
        }
    }

    /// Returns the URL of the tab and the text of its page.
    async fn seen(&self) -> String {
        let body = self.client.find(Locator::Css("body")).await.expect("a page");
        format!("{}: {}", self.url().await, body.text().await.expect("its text"))
    }

    /// Returns the visible text of an element.
    pub(crate) async fn text(&self, css: &str) -> String {
        self.element(css).await.text().await.expect("its text")
    }

    pub(crate) async fn attribute(&self, css: &str, name: &str) -> String {
        let value = self.element(css).await.attr(name).await.expect("its attributes");
        value.unwrap_or_else(|| panic!("no {name} at {css}"))
    }

    /// Returns whether an element is visible.
    pub(crate) async fn shows(&self, css: &str) -> bool {
        self.element(css).await.is_displayed().await.expect("it is there")
    }

    pub(crate) async fn click(&self, css: &str) {
        self.element(css).await.click().await.expect("a click");
    }

    /// Focuses an element and presses Enter.
    pub(crate) async fn press_enter(&self, css: &str) {
        self.element(css).await.send_keys("\u{E007}").await.expect("a key");
    }

    /// Waits until the sign-in page is in a state, and returns its status text.
    pub(crate) async fn state(&self, state: &str) -> String {
        self.text(&format!("#sqrl[data-state=\"{state}\"] [data-sqrl=\"status\"]")).await
    }

    /// Waits until the sign-in page has this status text.
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

    /// Returns the SQRL URL of the sign-in page's button.
    pub(crate) async fn button_url(&self) -> SqrlUrl {
        let sqrl_url = self.attribute("[data-sqrl=\"button\"]", "href").await;
        sqrl_url.parse().expect("a SQRL URL")
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
            let sqrl_url = seen.map(|text| text.parse::<SqrlUrl>().expect("a SQRL URL"));
            if let Some(sqrl_url) = sqrl_url.filter(|sqrl_url| Some(sqrl_url) != old) {
                return sqrl_url;
            }
            assert!(Instant::now() < deadline, "no code, or still the old one");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Runs a function's body in the page.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.expect("a result")
    }

    /// Runs a function's body in the page, with arguments.
    pub(crate) async fn run_with(&self, script: &str, arguments: &[&str]) -> Value {
        let arguments = arguments.iter().map(|&argument| argument.into()).collect();
        self.client.execute(script, arguments).await.expect("a result")
    }

    /// Marks the tab's document, for `is_marked` to recognise it later.
    pub(crate) async fn mark(&self) {
        self.run("window.marked = true").await;
    }

    pub(crate) async fn is_marked(&self) -> bool {
        self.run("return window.marked === true").await == Value::Bool(true)
    }

    /// Sends a command of Chrome's `DevTools` protocol for the tab.
    pub(crate) async fn devtools(&self, command: &str, parameters: Value) {
        let body = json!({ "cmd": command, "params": parameters });
        self.send("goog/cdp/execute", body).await;
    }

    /// Speeds up the timers of pages that are opened from now on by this factor.
    pub(crate) async fn hurry(&self, times: u32) {
        let source = format!(
            "{{ const real = setTimeout; window.setTimeout = (act, wait) => real(act, wait / {times}); }}"
        );
        self.devtools("Page.addScriptToEvaluateOnNewDocument", json!({ "source": source })).await;
    }

    /// Lets requests to these URLs fail from now on.
    pub(crate) async fn block(&self, pattern: &str) {
        self.devtools("Network.enable", json!({})).await;
        self.devtools("Network.setBlockedURLs", json!({ "urls": [pattern] })).await;
    }

    /// Emulates a screen of this size in CSS pixels with this colour scheme, without animations. Below 600
    /// pixels it is a phone with a touch screen.
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
        let touch = json!({ "enabled": width < 600 });
        self.devtools("Emulation.setTouchEmulationEnabled", touch).await;
    }

    /// Waits until an element's text begins with this.
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

    /// Sets the `Accept-Language` of all further requests.
    pub(crate) async fn language(&self, language: &str) {
        self.devtools("Network.enable", json!({})).await;
        let headers = json!({ "headers": { "Accept-Language": language } });
        self.devtools("Network.setExtraHTTPHeaders", headers).await;
    }

    /// Writes a picture of the page to `target/tmp/pages/NAME.png`.
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

    /// Sends one of Chromium's own `WebDriver` commands.
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

/// Returns whether the driver gave up a command because the tab was navigating at that moment.
fn is_navigating(error: &CmdError) -> bool {
    error.to_string().contains("aborted by navigation")
}
