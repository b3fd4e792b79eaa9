//! How the pages look: on small screens, in both colour schemes and in every language. The tests write
//! pictures of all pages to `target/tmp/pages`. Look at them after you have changed a page.

use serde_json::json;

use crate::application::Application;
use crate::chromium::Chromium;
use crate::process::Demo;
use crate::{new_app, new_cps_app};

/// Returns the elements that are wider than the screen.
const TOO_WIDE: &str = "
    const width = Number(arguments[0]);
    const wide = [...document.querySelectorAll('body *')].filter((part) => {
      const box = part.getBoundingClientRect();
      return box.width > 0 && (box.right > width + 0.5 || box.left < -0.5);
    }).map((part) => part.outerHTML.slice(0, 80));
    const scrolls = document.documentElement.scrollWidth;
    return scrolls > width ? [`${scrolls} of ${width} pixels`, ...wide] : wide;
";

/// Returns the texts whose contrast with their background is below 4.5 to 1, and whether the background
/// is dark.
pub(crate) const CONTRAST: &str = "
    const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
    const light = (color) => numbers(color).slice(0, 3)
      .map((part) => part / 255)
      .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
      .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
    const ground = (part) => {
      if (!part) return 'rgb(255, 255, 255)';
      const color = getComputedStyle(part).backgroundColor;
      return numbers(color)[3] === 0 ? ground(part.parentElement) : color;
    };
    const faint = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const part = texts.currentNode.parentElement;
      if (!texts.currentNode.data.trim() || !part.checkVisibility()) continue;
      const [a, b] = [light(getComputedStyle(part).color), light(ground(part))];
      const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (contrast < 4.5) faint.push(`${texts.currentNode.data.trim()}: ${contrast}`);
    }
    return { faint, dark: light(ground(document.body)) < 0.05 };
";

/// Sets the state and the status text of the sign-in page, as the module does.
const STATE: &str = "
    const [state, text] = arguments;
    const root = document.querySelector('#sqrl');
    const ended = ['begun', 'refused', 'collected', 'evicted', 'expired', 'failed'];
    root.dataset.state = state;
    root.querySelector('[data-sqrl=\"jump\"]').hidden = state !== 'no-client';
    root.querySelector('[data-sqrl=\"reload\"]').hidden = !ended.includes(state);
    root.querySelector('[data-sqrl=\"status\"]').textContent = root.dataset[text];
";

/// A state for each look of the page, and its text.
const STATES: [(&str, &str); 8] = [
    ("probing", "textPermission"),
    ("no-client", "textNoClient"),
    ("offline", "textOffline"),
    ("begun", "textBegun"),
    ("refused", "textRefusedDisabled"),
    ("evicted", "textEvicted"),
    ("signed-in", "textSignedIn"),
    ("taken-over", "textTakenOver"),
];

/// Checks the current page in both colour schemes.
async fn is_presentable(browser: &Chromium, width: u32, name: &str) {
    for scheme in ["light", "dark"] {
        browser.screen(width, 780, scheme).await;
        let page = format!("{name}-{width}-{scheme}");
        browser.picture(&page).await;
        assert_eq!(browser.run_with(TOO_WIDE, &[&width.to_string()]).await, json!([]), "{page}");
        let seen = browser.run(CONTRAST).await;
        assert_eq!(seen, json!({ "faint": [], "dark": scheme == "dark" }), "{page}");
    }
}

#[tokio::test]
async fn every_page_fits_a_phone_and_can_be_read_in_the_dark() {
    let demo = Demo::in_memory(&[]);
    let browser = Chromium::start().await;
    let wide = [320, 360];
    for width in wide {
        browser.open(&demo.url("/")).await;
        is_presentable(&browser, width, "demo-home").await;
        browser.open(&demo.url("/login")).await;
        browser.state("waiting").await;
        browser.run("document.querySelectorAll('details').forEach((d) => d.open = true)").await;
        is_presentable(&browser, width, "sign-in-open").await;
        browser.scan().await;
    }
    let signed_in = new_cps_app().sign_in(&browser.scan().await).await;
    let url = signed_in.expect("a sign-in").url.expect("an address");
    browser.state("taken-over").await;

    browser.devtools("Network.clearBrowserCookies", json!({})).await;
    browser.open(&url).await;
    for width in wide {
        is_presentable(&browser, width, "confirm-new").await;
    }
    browser.open(&demo.url("/login")).await;
    new_app().sign_in(&browser.scan().await).await.expect("a sign-in");
    browser.arrives_at_account(&demo).await;
    for width in wide {
        is_presentable(&browser, width, "demo-account").await;
    }
    browser.close().await;
}

/// Checks the built-in pages of a site with a name and a logo.
#[tokio::test]
async fn every_page_and_state_is_readable_in_every_language() {
    let site = Application::start().await;
    let browser = Chromium::start().await;
    for language in ["en", "de", "fr"] {
        browser.language(language).await;
        browser.open(&site.url("/login")).await;
        browser.state("waiting").await;
        is_presentable(&browser, 760, &format!("sign-in-{language}")).await;
        is_presentable(&browser, 360, &format!("sign-in-{language}")).await;
        for (state, text) in STATES {
            browser.run_with(STATE, &[state, text]).await;
            is_presentable(&browser, 360, &format!("sign-in-{language}-{state}")).await;
        }
        browser.open(&site.url("/login")).await;
        let signed_in = new_cps_app().sign_in(&browser.scan().await).await;
        let url = signed_in.expect("a sign-in").url.expect("an address");
        browser.devtools("Network.clearBrowserCookies", json!({})).await;
        browser.open(&url).await;
        is_presentable(&browser, 360, &format!("confirm-{language}")).await;
        browser.open(&site.url("/auth/cps.sqrl?gone")).await;
        is_presentable(&browser, 360, &format!("notice-{language}")).await;
    }
    browser.close().await;
}
