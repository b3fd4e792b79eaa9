//! How many calls of the stores each part of a sign-in takes: with a store across a
//! network, that is what it costs.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::routing::get;
use tower_sqrl::Sqrl;
use tower_sqrl::axum::SqrlLogin;
use tower_sqrl::identity::{Change, Expected, IdentityStore, Lookup, MemoryIdentityStore, Swap};
use tower_sqrl::protocol::{Idk, Nut};
use tower_sqrl::store::{CpsId, CpsInfo, MemoryNutStore, NutInfo, NutState, NutStore, StoreError};
use tower_sqrl_client::browser::{Browser, Waiting};
use tower_sqrl_client::wire::{Command, Options};
use tower_sqrl_client::{Client, Http, Identity, Link};

/// Both stores, and how often either was called.
#[derive(Debug)]
struct Counting {
    nuts: MemoryNutStore,
    identities: MemoryIdentityStore,
    calls: AtomicUsize,
}

impl Counting {
    fn called(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }

    /// Calls since the last time.
    fn calls(&self) -> usize {
        self.calls.swap(0, Ordering::Relaxed)
    }
}

#[async_trait]
impl NutStore for Counting {
    async fn store_nut(
        &self,
        nut: &Nut,
        info: &NutInfo,
        state: NutState,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        self.called();
        self.nuts.store_nut(nut, info, state, ttl).await
    }

    async fn get_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError> {
        self.called();
        self.nuts.get_nut(nut, state).await
    }

    async fn remove_nut(&self, nut: &Nut, state: NutState) -> Result<Option<NutInfo>, StoreError> {
        self.called();
        self.nuts.remove_nut(nut, state).await
    }

    async fn store_cps_session_id(
        &self,
        id: &CpsId,
        info: &CpsInfo,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        self.called();
        self.nuts.store_cps_session_id(id, info, ttl).await
    }

    async fn get_user_id_by_cps_session_id(
        &self,
        id: &CpsId,
    ) -> Result<Option<CpsInfo>, StoreError> {
        self.called();
        self.nuts.get_user_id_by_cps_session_id(id).await
    }

    async fn remove_cps_session_id(&self, id: &CpsId) -> Result<Option<CpsInfo>, StoreError> {
        self.called();
        self.nuts.remove_cps_session_id(id).await
    }
}

#[async_trait]
impl IdentityStore for Counting {
    async fn look_up(&self, idk: &Idk, pidk: Option<&Idk>) -> Result<Lookup, StoreError> {
        self.called();
        self.identities.look_up(idk, pidk).await
    }

    async fn apply(&self, change: &Change, expected: &Expected) -> Result<Swap, StoreError> {
        self.called();
        self.identities.apply(change, expected).await
    }
}

/// A site on a free port, and what counts its calls.
async fn site() -> (String, Arc<Counting>) {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    let stores = Arc::new(Counting {
        nuts: MemoryNutStore::new(),
        identities: MemoryIdentityStore::new(),
        calls: AtomicUsize::new(0),
    });
    let sqrl = Sqrl::builder_shared(&origin, stores.clone(), stores.clone());
    let sqrl = sqrl.build().expect("a site");
    let signed_in = get(async |_: SqrlLogin| "Welcome");
    let app = Router::new().route("/signed-in", signed_in).layer(sqrl.layer());
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, app).await });
    (origin, stores)
}

/// A new link in a browser of its own.
async fn link(origin: &str) -> (Browser, Link) {
    let browser = Browser::new(Http::default());
    let page = browser.open(&format!("{origin}/nut.sqrl")).await.expect("a nut");
    let link = origin.replace("http://", "qrl://") + "/cli.sqrl?" + &page.body;
    (browser, link.parse().expect("a link"))
}

#[tokio::test]
async fn no_part_takes_more_than_it_should() {
    let (origin, stores) = site().await;
    let client = Client::new(Identity::from_seed([7; 32]));
    // New, then known, then known with a client that hands the session over.
    for (cps, known, ident) in [(false, false, 6), (false, true, 5), (true, true, 6)] {
        let (browser, link) = link(&origin).await;
        assert_eq!(stores.calls(), 1, "a link");

        let options = Options { cps, ..Options::default() };
        let mut session = client.clone().with_options(options).session(&link);
        let answer = session.send(&Command::Query).await.expect("an answer");
        assert_eq!(stores.calls(), 4, "query");
        assert_eq!(answer.tif.to_string(), if known { "5" } else { "4" });

        let answer = session.send(&Command::Ident).await.expect("an answer");
        assert_eq!(stores.calls(), ident, "ident");
        assert_eq!(answer.tif.to_string(), "5");

        let page = format!("{origin}/login").parse().expect("an address");
        let landing = match answer.url {
            Some(url) => url,
            None => {
                let heard = browser.poll(&page, &link).await.expect("an answer");
                assert_eq!(stores.calls(), 1, "a poll");
                let Waiting::GoTo(url) = heard else { panic!("{heard:?}") };
                url.into()
            }
        };
        let page = browser.open(&landing).await.expect("a page");
        assert_eq!(page.body, "Welcome");
        assert_eq!(stores.calls(), 4, "collecting");
    }
}

#[tokio::test]
async fn the_most_that_an_ident_takes() {
    let (origin, stores) = site().await;
    let (_browser, link) = link(&origin).await;
    let options = Options { cps: true, ..Options::default() };
    let client = Client::new(Identity::from_seed([7; 32])).with_options(options);
    let mut session = client.session(&link);
    session.send(&Command::Query).await.expect("an answer");
    stores.calls();
    session.send(&Command::Ident).await.expect("an answer");
    assert_eq!(stores.calls(), 7, "a new identity, handed over");
}

#[tokio::test]
async fn a_page_that_waits_takes_one() {
    let (origin, stores) = site().await;
    let (browser, link) = link(&origin).await;
    stores.calls();
    let page = format!("{origin}/login").parse().expect("an address");
    assert_eq!(browser.poll(&page, &link).await.expect("an answer"), Waiting::Pending);
    assert_eq!(stores.calls(), 1);
    // Whoever has no cookie of ours costs nothing at all.
    let stranger = Browser::default();
    assert!(matches!(stranger.poll(&page, &link).await, Ok(Waiting::Gone(_))));
    assert_eq!(stores.calls(), 0);
}
