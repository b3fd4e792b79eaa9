//! A user signs in with axum-login, on every store.

use std::net::SocketAddr;
use std::sync::Arc;

use sqlx::SqlitePool;
use sqlx::sqlite::SqliteConnectOptions;
use tempfile::TempDir;
use test_servers::{Postgres, Redis};
use tokio::net::TcpListener;
use tower_sqrl::Sqrl;
use tower_sqrl::identities::IdentityStore;
use tower_sqrl::memory::{MemoryIdentityStore, MemoryNutStore};
use tower_sqrl::nuts::NutStore;
use tower_sqrl_client::browser::{Browser, Waiting};
use tower_sqrl_client::wire::Command;
use tower_sqrl_client::{Client, Identity};
use tower_sqrl_postgres::{Database, PostgresIdentityStore, PostgresNutStore};
use tower_sqrl_redis::RedisNutStore;
use tower_sqrl_sqlite::{SqliteIdentityStore, SqliteNutStore};

/// A running application, a browser and a SQRL client.
struct Site {
    url: String,
    browser: Browser,
    client: Client,
}

impl Site {
    async fn start(
        nuts: Arc<dyn NutStore>,
        identities: Arc<dyn IdentityStore>,
        pool: SqlitePool,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let sqrl = Sqrl::builder_shared(&url, nuts, identities).build().expect("a configuration");
        let app = combinations::app(sqrl, pool).await.expect("tables");
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async { axum::serve(listener, app).await });
        Self { url, browser: Browser::default(), client: Client::new(Identity::generate()) }
    }

    /// Signs in and returns the start page.
    async fn sign_in(&self) -> String {
        let page = self.browser.open(&format!("{}/login", self.url)).await.expect("a page");
        let sqrl_url = page.sqrl_url().expect("a SQRL URL");
        self.client.sign_in(&sqrl_url).await.expect("a sign-in");
        match self.browser.poll(&page.url, &sqrl_url).await.expect("an answer") {
            Waiting::GoTo(url) => self.browser.open(url.as_str()).await.expect("a page").body,
            other => panic!("{other:?}"),
        }
    }

    async fn command(&self, command: Command) {
        let page = Browser::default().open(&format!("{}/login", self.url)).await.expect("a page");
        let sqrl_url = page.sqrl_url().expect("a SQRL URL");
        self.client.run(&sqrl_url, command).await.expect("done");
    }

    async fn home(&self) -> String {
        self.browser.open(&self.url).await.expect("a page").body
    }
}

async fn signs_in_and_out(
    nuts: Arc<dyn NutStore>,
    identities: Arc<dyn IdentityStore>,
    pool: &SqlitePool,
) {
    let site = Site::start(nuts, identities, pool.clone()).await;
    assert_eq!(site.home().await, "Hello, stranger");
    let hello = site.sign_in().await;
    assert!(hello.starts_with("Hello, Ada (user "), "{hello}");
    assert_eq!(site.home().await, hello);
    assert_eq!(site.sign_in().await, hello, "the same user");
    // axum-login checks the claim at every request.
    site.command(Command::Disable).await;
    assert_eq!(site.home().await, "Hello, stranger");
    site.command(Command::Enable).await;
    assert_eq!(site.home().await, "Hello, stranger", "the session has ended permanently");
    assert_eq!(site.sign_in().await, hello);
    let url = format!("{}/", site.url).parse().expect("a URL");
    let page = site.browser.submit(&url, "/sign-out", &[]).await.expect("a page");
    assert_eq!(page.body, "Hello, stranger");
}

#[tokio::test(flavor = "multi_thread")]
async fn axum_login_and_sqlx_beside_every_store() {
    let directory = TempDir::new().expect("a directory");
    let file = directory.path().join("app.sqlite");
    let options = SqliteConnectOptions::new().filename(&file).create_if_missing(true);
    let pool = SqlitePool::connect_with(options).await.expect("a database");

    let memory = (Arc::new(MemoryNutStore::new()), Arc::new(MemoryIdentityStore::new()));
    signs_in_and_out(memory.0, memory.1, &pool).await;

    // In the same file as the users.
    let nuts = Arc::new(SqliteNutStore::open(&file).expect("a file"));
    let identities = Arc::new(SqliteIdentityStore::open(&file).expect("a file"));
    signs_in_and_out(nuts, identities, &pool).await;

    let (redis, postgres) =
        (Redis::start().expect("a Redis"), Postgres::start().expect("a Postgres"));
    let database = Database::connect_no_tls(&postgres.url()).expect("a URL");
    let identities = PostgresIdentityStore::open(&database).await.expect("a database");
    let identities: Arc<dyn IdentityStore> = Arc::new(identities);
    let nuts = RedisNutStore::connect(&redis.url()).await.expect("a Redis");
    signs_in_and_out(Arc::new(nuts), Arc::clone(&identities), &pool).await;
    let nuts = PostgresNutStore::open(&database).await.expect("a database");
    signs_in_and_out(Arc::new(nuts), identities, &pool).await;
}
