//! Small screens, and both colour schemes.

use serde_json::json;

use crate::chromium::Chromium;
use crate::process::Demo;
use crate::{somebody, somebody_here};

/// What reaches beyond the screen's width, or gives the page a width of its own.
const TOO_WIDE: &str = "
    const width = screen.width;
    const wide = [...document.querySelectorAll('body *')].filter((part) => {
      const box = part.getBoundingClientRect();
      return box.width > 0 && (box.right > width + 0.5 || box.left < -0.5);
    }).map((part) => part.outerHTML.slice(0, 80));
    const scrolls = document.documentElement.scrollWidth;
    return scrolls > width ? [`${scrolls} of ${width} pixels`, ...wide] : wide;
";

/// Texts whose contrast with their ground is less than 4.5 to 1, and whether the ground is dark.
const CONTRAST: &str = "
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

/// Looks at the page that is open, in both schemes.
async fn is_presentable(browser: &Chromium, width: u32) {
    for scheme in ["light", "dark"] {
        browser.screen(width, 780, scheme).await;
        let page = format!("{} at {width}, {scheme}", browser.url().await);
        assert_eq!(browser.run(TOO_WIDE).await, json!([]), "{page}");
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
        is_presentable(&browser, width).await;
        browser.open(&demo.url("/login")).await;
        browser.state("waiting").await;
        browser.run("document.querySelectorAll('details').forEach((d) => d.open = true)").await;
        is_presentable(&browser, width).await;
        browser.scan().await;
    }
    let signed_in = somebody_here().sign_in(&browser.scan().await).await;
    let url = signed_in.expect("a sign-in").url.expect("an address");
    browser.state("taken-over").await;
    is_presentable(&browser, 360).await;

    browser.devtools("Network.clearBrowserCookies", json!({})).await;
    browser.open(&url).await;
    for width in wide {
        is_presentable(&browser, width).await;
    }
    browser.open(&demo.url("/login")).await;
    somebody().sign_in(&browser.scan().await).await.expect("a sign-in");
    browser.arrives_at_account(&demo).await;
    for width in wide {
        is_presentable(&browser, width).await;
    }
    browser.open(&url).await;
    is_presentable(&browser, 360).await;
    browser.close().await;
}
