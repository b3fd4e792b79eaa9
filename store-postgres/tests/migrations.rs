//! Opening stores: on an empty database, by many at once, by a role without rights, on a
//! newer release's tables.

mod common;

use common::{SERVER, database};
use test_servers::secrets::error_output;
use tokio::task::JoinSet;
use tower_sqrl_postgres::deadpool_postgres::{Manager, Pool};
use tower_sqrl_postgres::tokio_postgres::{Config, NoTls};
use tower_sqrl_postgres::{Database, OpenError, PostgresIdentityStore, PostgresNutStore};

#[tokio::test(flavor = "multi_thread")]
async fn many_servers_start_at_once() {
    let mut tasks = JoinSet::new();
    for turn in 0..16 {
        tasks.spawn(async move {
            let database = database("many").prefix("x_");
            if turn % 2 == 0 {
                PostgresIdentityStore::open(&database).await.map(drop)
            } else {
                PostgresNutStore::open(&database).await.map(drop)
            }
        });
    }
    for opened in tasks.join_all().await {
        opened.expect("a store");
    }
    let versions =
        "select string_agg(part || ' ' || version, ', ' order by part) from many.x_schema";
    assert_eq!(SERVER.query(versions).expect("versions"), "identity 1, nut 1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_release_s_tables_are_refused() {
    let database = database("newer");
    PostgresIdentityStore::open(&database).await.expect("a store");
    SERVER.query("update newer.sqrl_schema set version = 9").expect("an upgrade");
    let error = PostgresIdentityStore::open(&database).await.expect_err("too old");
    assert!(matches!(error, OpenError::Newer { part: "identity", found: 9, known: 1 }));
    assert!(error.to_string().contains("upgrade tower-sqrl-postgres"), "{error}");
    PostgresNutStore::open(&database).await.expect("the other tables have their own version");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_are_there_need_no_right_to_make_them() {
    PostgresIdentityStore::open(&database("granted")).await.expect("the owner");
    PostgresNutStore::open(&database("granted")).await.expect("the owner");
    SERVER
        .query(
            "create role modest login; grant usage on schema granted to modest; \
             grant select, insert, update, delete on all tables in schema granted to modest",
        )
        .expect("a role");
    let url = SERVER.url().replace("postgres@", "modest@");
    let modest = Database::connect_no_tls(&url).expect("a URL");
    let granted = modest.clone().schema("granted");
    PostgresIdentityStore::open(&granted).await.expect("made already");
    PostgresNutStore::open(&granted).await.expect("made already");
    drop(modest);
}

/// Each right that a role may lack, and what the store says to grant.
#[tokio::test(flavor = "multi_thread")]
async fn a_missing_right_is_named_when_a_store_is_opened() {
    SERVER.query("create role poor login").expect("a role");
    let url = SERVER.url().replace("postgres@", "poor@");
    let poor = Database::connect_no_tls(&url).expect("a URL").schema("rights");
    let identities = async || PostgresIdentityStore::open(&poor).await;
    let nuts = async || PostgresNutStore::open(&poor).await;
    let missing = |error: OpenError| {
        let says = error.to_string();
        let OpenError::NotPermitted { role, privileges, on } = error else { panic!("{error:?}") };
        assert!(says.contains(&format!("grant {privileges} on {on} to {role}")), "{says}");
        SERVER.query(&format!("grant {privileges} on {on} to {role}")).expect("a right");
        format!("{privileges} on {on}")
    };
    let lacks = |opened: Result<PostgresIdentityStore, _>| missing(opened.expect_err("no right"));

    assert_eq!(lacks(identities().await), "create on database postgres");
    SERVER.query("revoke create on database postgres from poor").expect("no right");
    SERVER.query("create schema rights").expect("a schema");
    assert_eq!(lacks(identities().await), r#"usage on schema "rights""#);
    assert_eq!(lacks(identities().await), r#"create on schema "rights""#);
    SERVER.query("revoke create on schema rights from poor").expect("no right");
    PostgresIdentityStore::open(&database("rights")).await.expect("the owner");
    assert_eq!(lacks(identities().await), r#"select on table "rights".sqrl_schema"#);
    let all = r#"select, insert, update, delete on table "rights".sqrl_identity"#;
    assert_eq!(lacks(identities().await), all);
    identities().await.expect("all rights");
    for right in ["select", "insert", "update", "delete"] {
        let revoke = format!("revoke {right} on rights.sqrl_identity from poor");
        SERVER.query(&revoke).expect("no right");
        let lacking = format!(r#"{right} on table "rights".sqrl_identity"#);
        assert_eq!(lacks(identities().await), lacking);
    }
    // The other store's table is not there yet.
    let error = nuts().await.expect_err("no right");
    assert_eq!(missing(error), r#"create on schema "rights""#);
    let error = nuts().await.expect_err("no right");
    assert_eq!(missing(error), r#"insert, update on table "rights".sqrl_schema"#);
    nuts().await.expect("all rights");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_accepts_no_writes_is_refused() {
    let config: Config = SERVER.url().parse().expect("a URL");
    let mut read_only = config.clone();
    read_only.options("-c default_transaction_read_only=on");
    let pool = Pool::builder(Manager::new(read_only, NoTls)).build().expect("a pool");
    let database = Database::new(pool).schema("unwritten");
    let error = PostgresIdentityStore::open(&database).await.expect_err("it cannot write");
    assert!(matches!(error, OpenError::ReadOnly), "{error:?}");
    let error = PostgresNutStore::open(&database).await.expect_err("it cannot write");
    assert!(matches!(error, OpenError::ReadOnly), "{error:?}");
    // By a URL, it is not even connected to.
    let url = format!("{}?options=-c%20default_transaction_read_only=on", SERVER.url());
    let database = Database::connect_no_tls(&url).expect("a URL").schema("unwritten");
    let error = PostgresNutStore::open(&database).await.expect_err("it cannot write");
    assert!(error_output(&error).contains("does not allow writes"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nut_table_is_unlogged_by_choice() {
    PostgresNutStore::open(&database("logged")).await.expect("a store");
    PostgresNutStore::open_unlogged(&database("unlogged")).await.expect("a store");
    PostgresIdentityStore::open(&database("unlogged")).await.expect("a store");
    let kinds = "select string_agg(oid::regclass || ' ' || relpersistence::text, ', ' order by oid) \
        from pg_class where relname in ('sqrl_nut', 'sqrl_identity') \
        and relnamespace in ('logged'::regnamespace, 'unlogged'::regnamespace)";
    assert_eq!(
        SERVER.query(kinds).expect("a catalogue"),
        "logged.sqrl_nut p, unlogged.sqrl_nut u, unlogged.sqrl_identity p"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn names_and_urls_are_looked_at() {
    let error = PostgresNutStore::open(&database("x\"; --")).await.expect_err("no name");
    assert!(matches!(error, OpenError::Name { .. }), "{error:?}");
    let error = Database::connect_no_tls("postgres://localhost:port/").expect_err("no URL");
    assert!(matches!(error, OpenError::Url(_)), "{error:?}");
    for (user, database) in [("nobody", "postgres"), ("postgres", "nowhere")] {
        let url = SERVER.url();
        let (head, _) = url.rsplit_once('/').expect("a database");
        let url = head.replace("postgres@", &format!("{user}@")) + "/" + database;
        let wrong = Database::connect_no_tls(&url).expect("a URL");
        let error = PostgresNutStore::open(&wrong).await.expect_err("a wrong name");
        assert!(matches!(error, OpenError::Rejected(_)), "{url}: {error:?}");
    }
    let nobody = Database::connect_no_tls("postgres://postgres@127.0.0.1:1/").expect("a URL");
    let error = PostgresNutStore::open(&nobody).await.expect_err("nobody is there");
    assert!(matches!(error, OpenError::Unavailable(_)), "{error:?}");
}
