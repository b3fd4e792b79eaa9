//! What the guide's first example promises. Its code is read from a copy, which does not drift.

#[allow(dead_code, reason = "its `main` serves for ever")]
mod app {
    include!("guide/app.rs");

    pub(super) fn router(sqrl: Sqrl) -> Router {
        app(sqrl)
    }
}

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tower_sqrl::Sqrl;
use tower_sqrl::identity::{IdentityStore, MemoryIdentityStore};
use tower_sqrl::protocol::Idk;
use tower_sqrl_client::browser::{Browser, Page, Waiting};
use tower_sqrl_client::wire::Command;
use tower_sqrl_client::{Client, Link};

use crate::common::{Fate, Hook, MemoryNutStore, Tap, alice};

#[test]
fn the_guides_code_is_what_is_tried() {
    let (guide, copy) =
        (include_str!("../../docs/guide/add_to_an_app.md"), include_str!("guide/app.rs"));
    let (_, code) = copy.split_once("\n\n").expect("documentation, then code");
    assert!(guide.contains(&format!("```rust,no_run\n{code}```\n")), "copy it into the guide");
}

/// The application of the guide, and somebody who has signed in to it.
struct Guide {
    sqrl: Sqrl,
    tap: Tap,
    site: String,
    browser: Browser,
    client: Client,
    task: JoinHandle<()>,
}

impl Guide {
    async fn signed_in() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let site = format!("http://{}", listener.local_addr().expect("an address"));
        let identities: Arc<dyn IdentityStore> = Arc::new(MemoryIdentityStore::new());
        let tap = Tap::new(Arc::new(MemoryNutStore::new()), identities);
        let (nuts, identities) = tap.stores();
        let sqrl = Sqrl::builder_shared(&site, nuts, identities).build();
        let sqrl = sqrl.expect("a good configuration");
        let app = app::router(sqrl.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(async move {
            axum::serve(listener, app).await.expect("a server");
        });
        let (browser, client) = (Browser::default(), Client::new(alice()));
        let guide = Self { sqrl, tap, site, browser, client, task };
        assert!(guide.sign_in().await.body.contains("Hello, "));
        guide
    }

    /// The whole way; the page where it ends.
    async fn sign_in(&self) -> Page {
        let url = self.answered().await;
        self.browser.open(&url).await.expect("a page")
    }

    /// The sign-in page in a browser, and its link.
    async fn login(&self, browser: &Browser) -> (Page, Link) {
        let page = browser.open(&format!("{}/login", self.site)).await.expect("a page");
        let link = page.sqrl_link().expect("a link");
        (page, link)
    }

    /// Where the page goes once the client has answered.
    async fn answered(&self) -> String {
        let (page, link) = self.login(&self.browser).await;
        self.client.sign_in(&link).await.expect("signed in");
        match self.browser.poll(&page.url, &link).await.expect("an answer") {
            Waiting::GoTo(url) => url.into(),
            other => panic!("{other:?}"),
        }
    }

    async fn is_signed_in(&self) -> bool {
        let home = self.browser.open(&self.site).await.expect("a page");
        assert_eq!(home.status, 200, "{}", home.body);
        home.body.contains("Hello, ")
    }

    /// Another command of the owner's.
    async fn command(&self, command: Command) {
        let (_, link) = self.login(&Browser::default()).await;
        self.client.run(&link, command).await.expect("done");
    }

    async fn idk(&self) -> Idk {
        let (_, link) = self.login(&Browser::default()).await;
        let key = self.client.identity().site_key(0, link.domain()).expect("a key");
        Idk::parse(&key.idk().to_string()).expect("a key")
    }
}

impl Drop for Guide {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[tokio::test]
async fn unlinking_ends_the_session() {
    let guide = Guide::signed_in().await;
    assert!(guide.is_signed_in().await);
    let idk = guide.idk().await;
    guide.sqrl.unlink(&idk).await.expect("unlinked");
    assert!(!guide.is_signed_in().await, "the account has lost this identity");
    guide.sqrl.link(&idk, "another account").await.expect("linked");
    assert!(!guide.is_signed_in().await, "it signs in to another account by now");
}

#[tokio::test]
async fn what_its_owner_does_ends_the_session() {
    for command in [Command::Disable, Command::Remove] {
        let guide = Guide::signed_in().await;
        guide.command(command).await;
        assert!(!guide.is_signed_in().await);
    }
    let guide = Guide::signed_in().await;
    guide.command(Command::Disable).await;
    guide.command(Command::Enable).await;
    assert!(!guide.is_signed_in().await, "it stays ended");
}

#[tokio::test]
async fn a_reload_leads_back_and_a_failing_store_is_told() {
    let guide = Guide::signed_in().await;
    let url = guide.answered().await;
    guide.tap.plan(Hook::GetNut(tower_sqrl::store::NutState::Authorized), Fate::Fails);
    assert_eq!(guide.browser.open(&url).await.expect("a page").status, 503);
    assert!(guide.browser.open(&url).await.expect("a page").body.contains("Hello, "));
    let again = guide.browser.open(&url).await.expect("a page");
    assert_eq!((again.status.as_u16(), again.url.path()), (200, "/login"));
}
