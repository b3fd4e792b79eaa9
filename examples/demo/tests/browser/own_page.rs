//! The fragment and the module on pages of an application.

use serde_json::json;

use crate::application::{Application, FRONT_END, FRONT_END_PAGE};
use crate::chromium::Chromium;
use crate::no_client::UNOPENED;
use crate::{looks, new_app};

const BUTTON: &str = "[data-sqrl=\"button\"]";
const GROUND: &str = "
    return getComputedStyle(document.querySelector('[data-sqrl=\"button\"]')).backgroundColor;
";

#[tokio::test]
async fn the_fragment_fits_into_a_page_of_another_style_beside_a_password_form() {
    let site = Application::start().await;
    let browser = Chromium::start().await;
    browser.open(&site.url("/login?own")).await;
    browser.state("waiting").await;
    assert_eq!(browser.run("return document.querySelectorAll('h1, main').length").await, 2);
    // The page supports only light colours, so the fragment stays light, too.
    for scheme in ["light", "dark"] {
        browser.screen(1000, 1100, scheme).await;
        browser.picture(&format!("own-page-{scheme}")).await;
        assert_eq!(browser.run(looks::CONTRAST).await, json!({ "faint": [], "dark": false }));
        assert_eq!(browser.run(GROUND).await, "rgb(10, 88, 184)", "{scheme}");
    }
    browser.element("[type=password]").await.send_keys("secret").await.expect("keys");
    browser.click("form button").await;
    browser.arrives(&site.url("/password")).await;
    assert_eq!(browser.text("body").await, "secret");

    browser.open(&site.url("/login?own")).await;
    new_app().sign_in(&browser.scan().await).await.expect("a sign-in");
    // Chromium shows plain text in a `pre` element.
    assert!(browser.text("pre").await.starts_with("Hello, "));
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}

#[tokio::test]
async fn space_presses_the_button() {
    let site = Application::start().await;
    let browser = Chromium::start().await;
    browser.block("*://localhost:25519/*.gif").await;
    browser.open(&site.url("/login")).await;
    browser.state("waiting").await;
    browser.run(UNOPENED).await;
    assert_eq!(browser.attribute(BUTTON, "role").await, "button");
    browser.element(BUTTON).await.send_keys(" ").await.expect("a key");
    browser.state("probing").await;
    browser.close().await;
}

#[tokio::test]
async fn the_focus_covers_no_text_of_an_opened_explanation() {
    let site = Application::start().await;
    let browser = Chromium::start().await;
    browser.open(&site.url("/login")).await;
    browser.state("waiting").await;
    browser.element("summary").await.send_keys("\u{E007}").await.expect("a key");
    let overlap = "const summary = document.querySelector('summary');
        const style = getComputedStyle(summary);
        const ring = parseFloat(style.outlineWidth) + parseFloat(style.outlineOffset);
        const below = summary.getBoundingClientRect().bottom + ring;
        return [style.outlineStyle, summary.parentElement.open,
            below <= summary.nextElementSibling.getBoundingClientRect().top];";
    assert_eq!(browser.run(overlap).await, json!(["solid", true, true]));
    browser.picture("focus").await;
    browser.close().await;
}

#[tokio::test]
async fn a_phone_is_not_told_to_scan_with_a_phone() {
    let site = Application::start().await;
    let browser = Chromium::start().await;
    browser.open(&site.url("/login")).await;
    browser.state("waiting").await;
    assert_eq!(browser.text(".sqrl-or").await, "or scan with your phone");
    browser.screen(390, 844, "light").await;
    assert_eq!(browser.text(".sqrl-or").await, "or scan with another device");
    browser.close().await;
}

/// The front end renders everything itself, from the module's events.
#[tokio::test]
async fn a_custom_front_end_signs_in_by_events() {
    let guide = include_str!("../../../../docs/guide/own_page.md");
    assert!(guide.contains(&format!("```js\n{FRONT_END}```\n")), "copy it into the guide");
    let (_, element) = FRONT_END_PAGE.split_once("</script>\n").expect("a script");
    let element = element.strip_suffix("</html>\n").expect("an end");
    assert!(guide.contains(&format!("```html\n{element}```\n")), "copy it into the guide");

    let site = Application::start().await;
    let browser = Chromium::start().await;
    browser.open(&site.url("/front_end")).await;
    browser.element("[data-sqrl=\"button\"][href]").await;
    let sqrl_url = browser.button_url().await;
    assert_eq!(browser.scan().await.nut(), sqrl_url.nut());
    browser.shows_text("[role=status]", "waiting").await;
    browser.mark().await;
    new_app().sign_in(&sqrl_url).await.expect("a sign-in");
    browser.element("#sign-in[data-state=\"signed-in\"]").await;
    browser.shows_text("[role=status]", "Hello, ").await;
    assert!(browser.is_marked().await, "the page stays");
    assert_eq!(browser.url().await, site.url("/front_end"));
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}
