//! The account page.

use http::StatusCode;
use tempfile::TempDir;
use tower_sqrl_client::browser::{Page, Waiting};
use tower_sqrl_client::wire::{Command, Options};
use tower_sqrl_client::{Client, Http, Identity, Refusal};

use crate::person::{Person, account_id, new_sqrl_url};
use crate::process::Demo;

#[tokio::test]
async fn an_account_has_the_name_that_its_owner_chose() {
    let directory = TempDir::new().expect("a directory");
    let demo = Demo::start(directory.path(), &[]);
    let (ada, bob) = (Person::new(), Person::new());
    let account = account_id(&ada.sign_in(&demo).await);
    assert_ne!(account_id(&bob.sign_in(&demo).await), account);

    let page = ada.submit(&demo, "/account/name", &[("name", " Ada \"<script>\u{202e}& ")]).await;
    assert_eq!((page.status, page.url.path()), (StatusCode::OK, "/account"));
    assert!(page.body.contains("<h1>Ada &quot;&lt;script&gt;&amp;</h1>"), "{}", page.body);
    assert!(page.body.contains("value=\"Ada &quot;&lt;script&gt;&amp;\""), "{}", page.body);
    assert!(!page.body.contains("<script"));
    assert!(!bob.account(&demo).await.body.contains("Ada"));
    demo.stop();

    let demo = Demo::start(directory.path(), &[]);
    let page = ada.at_another_browser().sign_in(&demo).await;
    assert_eq!(account_id(&page), account);
    assert!(page.body.contains("<h1>Ada &quot;"), "{}", page.body);
    demo.stop();
}

#[tokio::test]
async fn the_account_page_shows_the_owners_flags() {
    let demo = Demo::in_memory(&[]);
    let mut ada = Person::new();
    let page = ada.sign_in(&demo).await;
    assert!(!page.body.contains("<strong>yes</strong>"), "{}", page.body);

    let options = Options { sqrlonly: true, hardlock: true, ..Options::default() };
    ada.client = ada.client.with_options(options);
    let page = ada.sign_in(&demo).await;
    for flag in ["sqrlonly", "hardlock"] {
        let shown = format!("<dt>{flag}</dt><dd><strong>yes</strong>");
        assert!(page.body.contains(&shown), "{}", page.body);
    }
    assert!(page.body.contains("<dt>disabled</dt><dd>no"), "{}", page.body);
}

#[tokio::test]
async fn a_disabled_identity_changes_nothing() {
    let demo = Demo::in_memory(&[]);
    let ada = Person::new();
    ada.sign_in(&demo).await;
    ada.command(&demo, Command::Disable).await.expect("disabled");

    let page = ada.account(&demo).await;
    assert!(page.body.contains("SQRL is disabled for this account."), "{}", page.body);
    assert!(page.body.contains(&format!("sqrl enable {}", demo.url("/login"))), "{}", page.body);
    for (action, fields) in
        [("/account/name", [("name", "Eve")].as_slice()), ("/account/unlink", &[])]
    {
        assert!(!page.body.contains(action), "{}", page.body);
        assert_eq!(ada.submit(&demo, action, fields).await.status, StatusCode::FORBIDDEN);
    }
    let page = ada.browser.open(&demo.url("/account/identity")).await.expect("a page");
    assert_eq!(page.url.path(), "/account", "no other identity either");
    assert!(page.body.contains("SQRL is disabled"), "{}", page.body);

    // The session of a thief stays ended after an enable.
    ada.command(&demo, Command::Enable).await.expect("enabled");
    let page = ada.account(&demo).await;
    assert!(page.body.contains("You are signed out"), "{}", page.body);
    assert_eq!(ada.account(&demo).await.url.path(), "/login");
}

#[tokio::test]
async fn a_replaced_identity_is_signed_out() {
    let demo = Demo::in_memory(&[]);
    let mut ada = Person::new();
    let account = account_id(&ada.sign_in(&demo).await);
    let thief = ada.at_another_browser();
    thief.sign_in(&demo).await;

    let newer = ada.client.identity().rekey().expect("unlocked");
    ada.client = ada.client.with_identity(newer);
    assert_eq!(account_id(&ada.sign_in(&demo).await), account);
    assert_eq!(
        thief.submit(&demo, "/account/name", &[("name", "Eve")]).await.status,
        StatusCode::FORBIDDEN
    );
    assert!(thief.account(&demo).await.body.contains("You are signed out"));
    assert_eq!(thief.account(&demo).await.url.path(), "/login");
    assert_eq!(account_id(&ada.account(&demo).await), account);
}

#[tokio::test]
async fn a_user_whose_identity_was_removed_links_another() {
    let demo = Demo::in_memory(&[]);
    let mut ada = Person::new();
    let account = account_id(&ada.sign_in(&demo).await);
    let other_tab = ada.at_another_browser();
    other_tab.sign_in(&demo).await;
    ada.sign_in(&demo).await; // only the last sign-in may link another identity
    ada.command(&demo, Command::Remove).await.expect("removed");

    let page = ada.account(&demo).await;
    assert!(page.body.contains("This account has no identity."), "{}", page.body);
    assert_eq!(account_id(&page), account, "the session goes on");
    let name = [("name", "Eve")];
    assert_eq!(ada.submit(&demo, "/account/name", &name).await.status, StatusCode::FORBIDDEN);

    ada.client = ada.client.with_identity(Person::new().client.identity().clone());
    let page = ada.sign_in_at(&demo, "/account/identity").await;
    let page = confirm(&ada, &demo, &page).await;
    assert_eq!((page.url.path(), account_id(&page)), ("/account", account.clone()));
    assert!(page.body.contains("/account/unlink"), "{}", page.body);
    assert_eq!(account_id(&ada.at_another_browser().sign_in(&demo).await), account);
    assert!(
        other_tab.account(&demo).await.body.contains("You are signed out"),
        "the account has another identity"
    );
}

/// A disable ends a session permanently.
#[tokio::test]
async fn an_ended_session_cannot_link_an_identity_after_a_removal() {
    let demo = Demo::in_memory(&[]);
    let ada = Person::new();
    let thief = ada.at_another_browser();
    // The thief opens no page, so the server does not delete the session.
    thief.sign_in(&demo).await;
    ada.command(&demo, Command::Disable).await.expect("disabled");
    ada.command(&demo, Command::Enable).await.expect("enabled");
    ada.sign_in(&demo).await;
    ada.command(&demo, Command::Remove).await.expect("removed");

    let page = thief.browser.open(&demo.url("/account/identity")).await.expect("a page");
    assert!(page.sqrl_url().is_err(), "no page that links an identity: {}", page.body);
    let page = ada.browser.open(&demo.url("/account/identity")).await.expect("a page");
    assert!(page.sqrl_url().is_ok(), "the owner gets that page: {}", page.body);
}

/// The new key has the account, although nobody has signed in with it in a browser yet.
#[tokio::test]
async fn a_session_of_a_replaced_identity_links_nothing() {
    let demo = Demo::in_memory(&[]);
    let mut ada = Person::new();
    ada.sign_in(&demo).await;
    let newer = ada.client.identity().rekey().expect("unlocked");
    ada.client = ada.client.with_identity(newer);
    ada.command(&demo, Command::Ident).await.expect("a rekey");

    let page = ada.browser.open(&demo.url("/account/identity")).await.expect("a page");
    assert!(page.sqrl_url().is_err(), "{}", page.body);
    assert!(page.body.contains("You are signed out"), "{}", page.body);
}

#[tokio::test]
async fn an_unlinked_identity_gets_a_new_account() {
    let demo = Demo::in_memory(&[]);
    let ada = Person::new();
    let account = account_id(&ada.sign_in(&demo).await);
    let page = ada.submit(&demo, "/account/unlink", &[]).await;
    assert_eq!(account_id(&page), account);
    assert!(page.body.contains("This account has no identity."), "{}", page.body);

    let elsewhere = ada.at_another_browser();
    assert_ne!(account_id(&elsewhere.sign_in(&demo).await), account);

    // An identity that has an account is not linked with another.
    let page = ada.sign_in_at(&demo, "/account/identity").await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.body.contains("This identity has an account of its own"), "{}", page.body);
    assert_eq!(account_id(&ada.account(&demo).await), account, "the session goes on");
}

#[tokio::test]
async fn an_account_that_has_an_identity_again_links_no_other() {
    let demo = Demo::in_memory(&[]);
    let mut ada = Person::new();
    let account = account_id(&ada.sign_in(&demo).await);
    ada.command(&demo, Command::Remove).await.expect("removed");
    // The URL of a second tab is answered after that of the first.
    let second = ada.browser.open(&demo.url("/account/identity")).await.expect("a page");
    let sqrl_url = second.sqrl_url().expect("a SQRL URL");
    ada.client = Person::new().client;
    let page = ada.sign_in_at(&demo, "/account/identity").await;
    confirm(&ada, &demo, &page).await;

    Person::new().client.sign_in(&sqrl_url).await.expect("a sign-in");
    let late = demo.url(&format!("/signed-in?nut={}", sqrl_url.nut()));
    let page = ada.browser.open(&late).await.expect("a page");
    assert_eq!(page.status, StatusCode::CONFLICT, "{}", page.body);
    assert_eq!(account_id(&ada.at_another_browser().sign_in(&demo).await), account);
}

#[tokio::test]
async fn a_user_who_has_signed_out_links_nothing() {
    let demo = Demo::in_memory(&[]);
    let ada = Person::new();
    ada.sign_in(&demo).await;
    ada.submit(&demo, "/account/unlink", &[]).await;
    let page = ada.browser.open(&demo.url("/account/identity")).await.expect("a page");
    let sqrl_url = page.sqrl_url().expect("a SQRL URL");

    // The user signs out before the answer.
    let out = ada.submit(&demo, "/sign-out", &[]).await;
    assert_eq!(out.status, StatusCode::OK);
    let stranger = Person::new();
    stranger.client.sign_in(&sqrl_url).await.expect("a sign-in");
    let url = format!("/signed-in?nut={}", sqrl_url.nut());
    let page = ada.browser.open(&demo.url(&url)).await.expect("a page");
    assert_eq!(page.status, StatusCode::CONFLICT, "{}", page.body);
    assert_eq!(ada.account(&demo).await.url.path(), "/login");
}

/// A stranger who has seen a QR code: another identity, at another address, whose app sends
/// `noiptest`.
fn stranger() -> Client {
    let elsewhere = "127.0.0.2".parse().expect("an address");
    let options = Options { noiptest: true, ..Options::default() };
    let http = Http::builder().local_address(elsewhere).build();
    Client::new(Identity::generate()).with_http(http).with_options(options)
}

/// The client's key at the demo.
async fn key_of(client: &Client, demo: &Demo) -> String {
    let sqrl_url = new_sqrl_url(demo).await;
    client.identity().site_key(0, sqrl_url.domain()).expect("a key").idk().to_string()
}

/// Confirms the identity that the page asks about.
async fn confirm(owner: &Person, demo: &Demo, page: &Page) -> Page {
    assert_eq!(page.url.path(), "/account/identity/confirm", "{}", page.body);
    let (_, key) = page.body.split_once("name=\"key\" value=\"").expect("a key");
    let (key, _) = key.split_once('"').expect("its end");
    let page = owner.submit(demo, "/account/identity/confirm", &[("key", key)]).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    page
}

/// Returns Ada, who is signed in to an account without an identity, and the account's id.
async fn without_identity(demo: &Demo) -> (Person, String) {
    let ada = Person::new();
    let account = account_id(&ada.sign_in(demo).await);
    ada.command(demo, Command::Remove).await.expect("removed");
    (ada, account)
}

#[tokio::test]
async fn a_stranger_links_nothing_by_a_photographed_code() {
    let demo = Demo::in_memory(&[]);
    let (mut ada, account) = without_identity(&demo).await;
    let page = ada.browser.open(&demo.url("/account/identity")).await.expect("a page");
    let sqrl_url = page.sqrl_url().expect("a SQRL URL");
    let stranger = stranger();
    let refused = stranger.sign_in(&sqrl_url).await.expect_err("another address");
    assert!(matches!(refused.refusal(), Some(Refusal::Failed(_, tif)) if tif.to_string() == "40"));
    // Nor with a CPS URL.
    let options = Options { cps: true, ..stranger.options() };
    let refused = stranger.with_options(options).sign_in(&sqrl_url).await.expect_err("refused");
    assert!(matches!(refused.refusal(), Some(Refusal::Failed(_, tif)) if tif.to_string() == "40"));
    let state = ada.browser.poll(&page.url, &sqrl_url).await.expect("an answer");
    assert_eq!(state, Waiting::Pending, "Ada's page waits for her own app");

    ada.client = Person::new().client;
    let page = ada.sign_in_at(&demo, "/account/identity").await;
    let page = confirm(&ada, &demo, &page).await;
    assert_eq!((page.url.path(), account_id(&page)), ("/account", account));
}

/// Answers the URL of a page with this client, and returns the page that the browser opens next.
async fn answer(ada: &Person, demo: &Demo, page: &Page, client: &Client) -> Page {
    let sqrl_url = page.sqrl_url().expect("a SQRL URL");
    client.sign_in(&sqrl_url).await.expect("a sign-in");
    let url = demo.url(&format!("/signed-in?nut={}", sqrl_url.nut()));
    ada.browser.open(&url).await.expect("a page")
}

/// The stranger is in the same network, so the address is the same.
#[tokio::test]
async fn a_stranger_at_the_same_address_is_asked_about_like_everybody() {
    let demo = Demo::in_memory(&[]);
    let (ada, account) = without_identity(&demo).await;
    let stranger = Client::new(Identity::generate());
    for options in [Options::default(), Options { cps: true, ..Options::default() }] {
        let page = ada.browser.open(&demo.url("/account/identity")).await.expect("a page");
        let sqrl_url = page.sqrl_url().expect("a SQRL URL");
        let answer = stranger.clone().with_options(options).sign_in(&sqrl_url).await;
        let url = answer.expect("a sign-in").url;
        let url = url.unwrap_or_else(|| demo.url(&format!("/signed-in?nut={}", sqrl_url.nut())));
        let page = ada.browser.open(&url).await.expect("a page");
        assert_eq!(page.url.path(), "/account/identity/confirm", "{}", page.body);
        assert!(page.body.contains("if you have not used it"), "{}", page.body);
        let without = "This account has no identity.";
        assert!(ada.account(&demo).await.body.contains(without));
    }
    ada.submit(&demo, "/account/identity/decline", &[]).await;
    let stranger = Person { client: stranger, ..Person::new() };
    assert_ne!(account_id(&stranger.sign_in(&demo).await), account);
}

/// Ada's app answers one tab and a stranger another: neither identity is linked.
#[tokio::test]
async fn two_identities_that_answer_cancel_each_other() {
    let demo = Demo::in_memory(&[]);
    let (ada, _) = without_identity(&demo).await;
    let hers = Client::new(Identity::generate());
    for (first, second) in [(&hers, &stranger()), (&stranger(), &hers)] {
        let mut tabs = Vec::new();
        for _ in 0..3 {
            let page = demo.url("/account/identity/elsewhere");
            tabs.push(ada.browser.open(&page).await.expect("a page"));
        }
        let asked = answer(&ada, &demo, &tabs[0], first).await;
        assert_eq!(asked.url.path(), "/account/identity/confirm");
        let cancelled = answer(&ada, &demo, &tabs[1], second).await;
        assert_eq!(cancelled.status, StatusCode::CONFLICT);
        assert!(cancelled.body.contains("Two identities answered"), "{}", cancelled.body);
        // Neither can be confirmed, and the third tab of this attempt has expired.
        for client in [first, second] {
            let key = key_of(client, &demo).await;
            let confirm = "/account/identity/confirm";
            let page = ada.submit(&demo, confirm, &[("key", key.as_str())]).await;
            assert_eq!(page.status, StatusCode::CONFLICT, "{}", page.body);
        }
        let fresh = ada.browser.open(&demo.url("/account/identity")).await.expect("a page");
        let late = answer(&ada, &demo, &tabs[2], second).await;
        assert_eq!(late.status, StatusCode::CONFLICT, "{}", late.body);
        let asked = answer(&ada, &demo, &fresh, &hers).await;
        assert_eq!(asked.url.path(), "/account/identity/confirm");
        ada.submit(&demo, "/account/identity/decline", &[]).await;
    }
    // The same identity may answer two tabs.
    let mut tabs = Vec::new();
    for _ in 0..2 {
        let page = ada.browser.open(&demo.url("/account/identity")).await.expect("a page");
        tabs.push(page);
    }
    for tab in &tabs {
        let asked = answer(&ada, &demo, tab, &hers).await;
        assert_eq!(asked.url.path(), "/account/identity/confirm");
    }
    let page = ada.browser.open(&demo.url("/account/identity/confirm")).await.expect("a page");
    confirm(&ada, &demo, &page).await;
}

#[tokio::test]
async fn what_answers_is_linked_when_it_is_confirmed() {
    let demo = Demo::in_memory(&[]);
    let (mut ada, account) = without_identity(&demo).await;
    ada.client = stranger();
    let page = ada.sign_in_at(&demo, "/account/identity/elsewhere").await;
    assert_eq!(page.url.path(), "/account/identity/confirm");
    let key = key_of(&ada.client, &demo).await;
    assert!(page.body.contains(&format!("<code>{}</code>", &key[..8])), "{}", page.body);
    let without = "This account has no identity.";
    assert!(ada.account(&demo).await.body.contains(without), "nothing is linked yet");

    // Neither another browser nor another key confirms anything.
    let other = Person::new();
    let submit = async |person: &Person, action: &str, key: &str| {
        person.submit(&demo, &format!("/account/identity/{action}"), &[("key", key)]).await
    };
    assert_eq!(submit(&other, "confirm", &key).await.status, StatusCode::CONFLICT);
    assert_eq!(submit(&ada, "confirm", "another").await.status, StatusCode::CONFLICT);
    // The attempt has ended.
    assert_eq!(submit(&ada, "confirm", &key).await.status, StatusCode::CONFLICT);
    assert!(ada.account(&demo).await.body.contains(without));

    // No.
    ada.sign_in_at(&demo, "/account/identity/elsewhere").await;
    assert!(submit(&ada, "decline", "").await.body.contains("Nothing was linked."));
    assert_eq!(submit(&ada, "confirm", &key).await.status, StatusCode::CONFLICT);
    assert!(ada.account(&demo).await.body.contains(without));

    // Disabled in between.
    ada.sign_in_at(&demo, "/account/identity/elsewhere").await;
    ada.command(&demo, Command::Disable).await.expect("disabled");
    assert_eq!(submit(&ada, "confirm", &key).await.status, StatusCode::CONFLICT);
    ada.command(&demo, Command::Enable).await.expect("enabled");

    // Yes.
    ada.sign_in_at(&demo, "/account/identity/elsewhere").await;
    let page = submit(&ada, "confirm", &key).await;
    assert_eq!(
        (page.url.path(), account_id(&page)),
        ("/account", account.clone()),
        "{}",
        page.body
    );
    assert_eq!(account_id(&ada.at_another_browser().sign_in(&demo).await), account);
}

#[tokio::test]
async fn nothing_is_unlinked_before_the_owner_is_asked() {
    let demo = Demo::in_memory(&[]);
    let ada = Person::new();
    let page = ada.sign_in(&demo).await;
    assert!(!page.body.contains("action=\"/account/unlink\""), "{}", page.body);
    let page = ada.browser.open(&demo.url("/account/unlink")).await.expect("a page");
    assert!(page.body.contains("Nobody can sign in to the account afterwards"), "{}", page.body);
    assert!(ada.account(&demo).await.body.contains("/account/name"), "still linked");
}

/// A session of an earlier sign-in does not become the last one, although its claim is the same.
#[tokio::test]
async fn a_disable_and_a_removal_give_an_older_session_no_rights() {
    let demo = Demo::in_memory(&[]);
    let ada = Person::new();
    let account = account_id(&ada.sign_in(&demo).await);
    let mut thief = ada.at_another_browser();
    thief.sign_in(&demo).await;
    ada.sign_in(&demo).await;
    ada.command(&demo, Command::Disable).await.expect("disabled");
    ada.command(&demo, Command::Remove).await.expect("removed");
    let page = thief.browser.open(&demo.url("/account/identity")).await.expect("a page");
    assert!(page.sqrl_url().is_err(), "offered to the thief: {}", page.body);
    thief.client = Person::new().client;
    assert_ne!(account_id(&thief.at_another_browser().sign_in(&demo).await), account);
    let page = ada.browser.open(&demo.url("/account/identity")).await.expect("a page");
    assert!(page.sqrl_url().is_ok(), "not offered to the owner: {}", page.body);
}

/// The owner signs up again with the same identity, after a disable, an enable and a removal.
#[tokio::test]
async fn a_session_stays_ended_when_the_identity_signs_up_again() {
    let demo = Demo::in_memory(&[]);
    let ada = Person::new();
    let account = account_id(&ada.sign_in(&demo).await);
    let thief = ada.at_another_browser();
    thief.sign_in(&demo).await;
    for command in [Command::Disable, Command::Enable, Command::Remove] {
        ada.command(&demo, command).await.expect("done");
    }
    assert_ne!(account_id(&ada.at_another_browser().sign_in(&demo).await), account);
    let page = thief.browser.open(&demo.url("/account/identity")).await.expect("a page");
    assert!(page.sqrl_url().is_err(), "offered to the thief: {}", page.body);
}
