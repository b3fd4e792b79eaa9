//! Opening stores: on an empty database, by many at once, by a role without rights, on a
//! newer release's tables.

mod common;

use common::{SERVER, database};
use tokio::task::JoinSet;
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
    let error = PostgresNutStore::open(&modest.schema("forbidden")).await.expect_err("no right");
    assert!(matches!(error, OpenError::Database(_)), "{error:?}");
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
    let nobody = Database::connect_no_tls("postgres://postgres@127.0.0.1:1/").expect("a URL");
    let error = PostgresNutStore::open(&nobody).await.expect_err("nobody is there");
    assert!(matches!(error, OpenError::Database(_)), "{error:?}");
}
