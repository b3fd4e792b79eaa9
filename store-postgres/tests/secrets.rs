//! A password is in no error and no `Debug`, however wrong the URL is; nor is a row, whatever
//! the database says about it.

mod common;

use common::{LONG, SERVER, database, identity, idk, info, nut, outcome, wait};
use test_servers::secrets::{PASSWORD_HALVES, assert_hides_password, debug_output, error_output};
use tower_sqrl_core::StoreError;
use tower_sqrl_core::identities::{Change, Epoch, IdentityStore};
use tower_sqrl_core::nuts::{CpsId, CpsInfo, NutState, NutStore};
use tower_sqrl_core::protocol::Command;
use tower_sqrl_postgres::{Database, PostgresIdentityStore, PostgresNutStore};

#[tokio::test]
async fn no_password_is_shown() {
    let [one, two] = PASSWORD_HALVES;
    let mut wrong = 0;
    // Signs that a URL takes for its own.
    for sign in ["@", "/", "?", "#", "%", "%zz", ":", " ", "=", "'", "\\", "&", "[", "]"] {
        let password = format!("{one}{sign}{two}");
        for url in [
            format!("postgres://u:{password}@127.0.0.1:1/db"),
            format!("postgres://u:{password}@127.0.0.1:1/db?connect_timeout=soon"),
            format!("postgres://u@127.0.0.1:1/db?password={password}"),
            format!("host=127.0.0.1 port=1 user=u password={password}"),
            format!("host=127.0.0.1 port=1 user=u password='{password}"),
            format!("host=127.0.0.1 port=one user=u password='{password}'"),
        ] {
            match Database::connect_no_tls(&url) {
                Ok(database) => assert_hides_password(&debug_output(&database)),
                Err(error) => {
                    wrong += 1;
                    assert_hides_password(&error_output(&error));
                }
            }
        }
    }
    assert!(wrong > 10, "{wrong}");
    // A good one, and nobody there.
    let database = Database::connect_no_tls(&format!("postgres://u:{one}@127.0.0.1:1/db"));
    let database = database.expect("a good URL");
    let error = PostgresNutStore::open(&database).await.expect_err("nobody there");
    assert_hides_password(&error_output(&error));
    let error = PostgresIdentityStore::open(&database).await.expect_err("nobody there");
    assert_hides_password(&error_output(&error));
}

/// Postgres shows the row that a rule refuses, and an operator may make rules.
#[tokio::test]
async fn no_row_is_shown() {
    let database = database("rows");
    let nuts = PostgresNutStore::open(&database).await.expect("a store");
    let identities = PostgresIdentityStore::open(&database).await.expect("a store");
    for rule in [
        "alter table rows.sqrl_nut add constraint mine check (octet_length(record) < 8)",
        "alter table rows.sqrl_identity add constraint mine check (user_id <> 'räksmörgås')",
    ] {
        SERVER.query(rule).expect("a rule");
    }
    let refused = |result: Result<(), StoreError>| result.expect_err("the rule refuses it");
    let (pending, authorized) = (NutState::Pending, NutState::Authorized);
    let address = [192, 0, 2, 1].into();
    let cps = CpsInfo::new(idk(1), Epoch::new(1), Command::Ident, address, wait(1));
    let id = CpsId::from_bytes([0xcd; 16]);
    let change = Change::create(idk(0xee), identity(7));
    for error in [
        refused(nuts.store_nut(&nut(0xab), &info(), pending, LONG).await),
        // It is tried again without announcing it.
        refused(nuts.store_nut(&nut(0xab), &outcome(), authorized, LONG).await),
        refused(nuts.store_cps_session_id(&id, &cps, LONG).await),
        refused(identities.apply(&change).await.map(drop)),
    ] {
        let output = error_output(&error);
        for secret in ["abab", "cdcd", "eeee", "6565", "6666", "171, 171", "räksmörgås"] {
            assert!(!output.contains(secret), "{secret}: {output}");
        }
        // What an operator looks for is there.
        for said in ["violates check constraint", "23514", "mine", "sqrl_"] {
            assert!(output.contains(said), "{said}: {output}");
        }
    }
}
