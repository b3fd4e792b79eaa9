//! The account page.

use http::StatusCode;
use tempfile::TempDir;
use tower_sqrl_client::browser::{Page, Waiting};
use tower_sqrl_client::wire::{Command, Options};
use tower_sqrl_client::{Client, Http, Identity, Refusal};

use crate::people::{Person, account_id, fresh_link};
use crate::process::Demo;

#[tokio::test]
async fn an_account_has_the_name_that_its_owner_gives_it() {
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
async fn the_flags_that_the_owner_sets_are_shown() {
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

    // Whoever it was that made the owner disable it does not come back with an enable.
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
async fn whose_identity_is_removed_gives_the_account_another() {
    let demo = Demo::in_memory(&[]);
    let mut ada = Person::new();
    let account = account_id(&ada.sign_in(&demo).await);
    let other_tab = ada.at_another_browser();
    other_tab.sign_in(&demo).await;
    ada.command(&demo, Command::Remove).await.expect("removed");

    let page = ada.account(&demo).await;
    assert!(page.body.contains("This account has no identity any more."), "{}", page.body);
    assert_eq!(account_id(&page), account, "signed in all the same");
    let name = [("name", "Eve")];
    assert_eq!(ada.submit(&demo, "/account/name", &name).await.status, StatusCode::FORBIDDEN);

    ada.client = ada.client.with_identity(Person::new().client.identity().clone());
    let page = ada.sign_in_at(&demo, "/account/identity").await;
    let page = confirms(&ada, &demo, &page).await;
    assert_eq!((page.url.path(), account_id(&page)), ("/account", account.clone()));
    assert!(page.body.contains("/account/unlink"), "{}", page.body);
    assert_eq!(account_id(&ada.at_another_browser().sign_in(&demo).await), account);
    assert!(
        other_tab.account(&demo).await.body.contains("You are signed out"),
        "it has another by now"
    );
}

/// A session that a disable has ended stays ended, whatever its owner does afterwards.
#[tokio::test]
async fn a_session_that_is_over_takes_no_account_after_a_removal() {
    let demo = Demo::in_memory(&[]);
    let ada = Person::new();
    let thief = ada.at_another_browser();
    // He keeps the cookie and opens no page, so that nothing tells the server to forget it.
    thief.sign_in(&demo).await;
    ada.command(&demo, Command::Disable).await.expect("disabled");
    ada.command(&demo, Command::Enable).await.expect("enabled");
    ada.sign_in(&demo).await;
    ada.command(&demo, Command::Remove).await.expect("removed");

    let page = thief.browser.open(&demo.url("/account/identity")).await.expect("a page");
    assert!(page.sqrl_url().is_err(), "no link for another identity: {}", page.body);
    let page = ada.browser.open(&demo.url("/account/identity")).await.expect("a page");
    assert!(page.sqrl_url().is_ok(), "the owner gets one: {}", page.body);
}

#[tokio::test]
async fn an_unlinked_identity_gets_a_new_account() {
    let demo = Demo::in_memory(&[]);
    let ada = Person::new();
    let account = account_id(&ada.sign_in(&demo).await);
    let page = ada.submit(&demo, "/account/unlink", &[]).await;
    assert_eq!(account_id(&page), account);
    assert!(page.body.contains("This account has no identity any more."), "{}", page.body);

    let elsewhere = ada.at_another_browser();
    assert_ne!(account_id(&elsewhere.sign_in(&demo).await), account);

    // An identity with an account of its own takes no other.
    let page = ada.sign_in_at(&demo, "/account/identity").await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.body.contains("This identity has its own account"), "{}", page.body);
    assert_eq!(account_id(&ada.account(&demo).await), account, "signed in as before");
}

#[tokio::test]
async fn an_account_that_has_an_identity_again_takes_no_other() {
    let demo = Demo::in_memory(&[]);
    let mut ada = Person::new();
    let account = account_id(&ada.sign_in(&demo).await);
    ada.command(&demo, Command::Remove).await.expect("removed");
    // Two tabs: the second one's link is answered when the first one's has been.
    let second = ada.browser.open(&demo.url("/account/identity")).await.expect("a page");
    let link = second.sqrl_url().expect("a link");
    ada.client = Person::new().client;
    let page = ada.sign_in_at(&demo, "/account/identity").await;
    confirms(&ada, &demo, &page).await;

    Person::new().client.sign_in(&link).await.expect("a sign-in");
    let late = demo.url(&format!("/signed-in?nut={}", link.nut()));
    let page = ada.browser.open(&late).await.expect("a page");
    assert_eq!(page.status, StatusCode::CONFLICT, "{}", page.body);
    assert_eq!(account_id(&ada.at_another_browser().sign_in(&demo).await), account);
}

#[tokio::test]
async fn a_link_for_one_account_gives_nobody_elses_account_away() {
    let demo = Demo::in_memory(&[]);
    let ada = Person::new();
    ada.sign_in(&demo).await;
    ada.submit(&demo, "/account/unlink", &[]).await;
    let page = ada.browser.open(&demo.url("/account/identity")).await.expect("a page");
    let link = page.sqrl_url().expect("a link");

    // Signed out in between: the link does not sign in to the account by itself.
    let out = ada.submit(&demo, "/sign-out", &[]).await;
    assert_eq!(out.status, StatusCode::OK);
    let stranger = Person::new();
    stranger.client.sign_in(&link).await.expect("a sign-in");
    let url = format!("/signed-in?nut={}", link.nut());
    let page = ada.browser.open(&demo.url(&url)).await.expect("a page");
    assert_eq!(page.status, StatusCode::CONFLICT, "{}", page.body);
    assert_eq!(ada.account(&demo).await.url.path(), "/login");
}

/// Somebody who has seen a QR code, elsewhere: an identity of their own, and an app that says that it is
/// another device than the browser's.
fn stranger() -> Client {
    let elsewhere = "127.0.0.2".parse().expect("an address");
    let options = Options { noiptest: true, ..Options::default() };
    let http = Http::builder().local_address(elsewhere).build();
    Client::new(Identity::generate()).with_http(http).with_options(options)
}

/// The identity's key at the demo.
async fn key_of(client: &Client, demo: &Demo) -> String {
    let link = fresh_link(demo).await;
    client.identity().site_key(0, link.domain()).expect("a key").idk().to_string()
}

/// The owner says yes to the identity that the page asks about.
async fn confirms(owner: &Person, demo: &Demo, page: &Page) -> Page {
    assert_eq!(page.url.path(), "/account/identity/confirm", "{}", page.body);
    let (_, key) = page.body.split_once("name=\"key\" value=\"").expect("a key");
    let (key, _) = key.split_once('"').expect("its end");
    let page = owner.submit(demo, "/account/identity/confirm", &[("key", key)]).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    page
}

/// Ada, signed in to an account that has lost its identity, and the account's id.
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
    let link = page.sqrl_url().expect("a link");
    let stranger = stranger();
    let refused = stranger.sign_in(&link).await.expect_err("another address");
    assert!(matches!(refused.refusal(), Some(Refusal::Failed(_, tif)) if tif.to_string() == "40"));
    // Nor by a URL that leads the browser on.
    let options = Options { cps: true, ..stranger.options() };
    let refused = stranger.with_options(options).sign_in(&link).await.expect_err("refused");
    assert!(matches!(refused.refusal(), Some(Refusal::Failed(_, tif)) if tif.to_string() == "40"));
    let heard = ada.browser.poll(&page.url, &link).await.expect("an answer");
    assert_eq!(heard, Waiting::Pending, "Ada's page waits for her own app");

    ada.client = Person::new().client;
    let page = ada.sign_in_at(&demo, "/account/identity").await;
    let page = confirms(&ada, &demo, &page).await;
    assert_eq!((page.url.path(), account_id(&page)), ("/account", account));
}

/// Ada opens a page that links an identity; the URL on it is answered, and the browser goes where
/// the page sends it.
async fn arrives(ada: &Person, demo: &Demo, page: &Page, who: &Client) -> Page {
    let link = page.sqrl_url().expect("a link");
    who.sign_in(&link).await.expect("a sign-in");
    let url = demo.url(&format!("/signed-in?nut={}", link.nut()));
    ada.browser.open(&url).await.expect("a page")
}

/// He sits in the same room: his address is hers.
#[tokio::test]
async fn a_stranger_at_the_same_address_is_asked_about_like_everybody() {
    let demo = Demo::in_memory(&[]);
    let (ada, account) = without_identity(&demo).await;
    let stranger = Client::new(Identity::generate());
    for options in [Options::default(), Options { cps: true, ..Options::default() }] {
        let page = ada.browser.open(&demo.url("/account/identity")).await.expect("a page");
        let link = page.sqrl_url().expect("a link");
        let answer = stranger.clone().with_options(options).sign_in(&link).await;
        let url = answer.expect("a sign-in").url;
        let url = url.unwrap_or_else(|| demo.url(&format!("/signed-in?nut={}", link.nut())));
        let page = ada.browser.open(&url).await.expect("a page");
        assert_eq!(page.url.path(), "/account/identity/confirm", "{}", page.body);
        assert!(page.body.contains("if you have not used one"), "{}", page.body);
        let without = "This account has no identity any more.";
        assert!(ada.account(&demo).await.body.contains(without));
    }
    ada.submit(&demo, "/account/identity/decline", &[]).await;
    let his = Person { client: stranger, ..Person::new() };
    assert_ne!(account_id(&his.sign_in(&demo).await), account);
}

/// Her app's success belongs to one tab, the stranger's answer to another: neither is linked.
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
        let asked = arrives(&ada, &demo, &tabs[0], first).await;
        assert_eq!(asked.url.path(), "/account/identity/confirm");
        let cancelled = arrives(&ada, &demo, &tabs[1], second).await;
        assert_eq!(cancelled.status, StatusCode::CONFLICT);
        assert!(cancelled.body.contains("Two identities answered"), "{}", cancelled.body);
        // Neither can be confirmed, and another tab of this attempt asks no more.
        for client in [first, second] {
            let key = key_of(client, &demo).await;
            let confirm = "/account/identity/confirm";
            let page = ada.submit(&demo, confirm, &[("key", key.as_str())]).await;
            assert_eq!(page.status, StatusCode::CONFLICT, "{}", page.body);
        }
        let fresh = ada.browser.open(&demo.url("/account/identity")).await.expect("a page");
        let late = arrives(&ada, &demo, &tabs[2], second).await;
        assert_eq!(late.status, StatusCode::CONFLICT, "{}", late.body);
        let asked = arrives(&ada, &demo, &fresh, &hers).await;
        assert_eq!(asked.url.path(), "/account/identity/confirm");
        ada.submit(&demo, "/account/identity/decline", &[]).await;
    }
    // The same identity in two tabs is no contradiction.
    let mut tabs = Vec::new();
    for _ in 0..2 {
        let page = ada.browser.open(&demo.url("/account/identity")).await.expect("a page");
        tabs.push(page);
    }
    for tab in &tabs {
        let asked = arrives(&ada, &demo, tab, &hers).await;
        assert_eq!(asked.url.path(), "/account/identity/confirm");
    }
    let page = ada.browser.open(&demo.url("/account/identity/confirm")).await.expect("a page");
    confirms(&ada, &demo, &page).await;
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
    let without = "This account has no identity any more.";
    assert!(ada.account(&demo).await.body.contains(without), "nothing is linked yet");

    // Another key than the one that was asked about, and somebody else's browser.
    let other = Person::new();
    let submit = async |person: &Person, action: &str, key: &str| {
        person.submit(&demo, &format!("/account/identity/{action}"), &[("key", key)]).await
    };
    assert_eq!(submit(&other, "confirm", &key).await.status, StatusCode::CONFLICT);
    assert_eq!(submit(&ada, "confirm", "another").await.status, StatusCode::CONFLICT);
    // That has ended the question.
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
    assert!(page.body.contains("Nobody can sign in to the account after that"), "{}", page.body);
    assert!(ada.account(&demo).await.body.contains("/account/name"), "linked still");
}
