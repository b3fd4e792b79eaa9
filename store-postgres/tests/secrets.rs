//! A password is in no error and no `Debug`, however wrong the URL is.

use std::error::Error;
use std::fmt::Debug;

use tower_sqrl_postgres::{Database, PostgresIdentityStore, PostgresNutStore};

/// Each half of it, too: what stands in the middle of a URL may cut it in two.
const HALVES: [&str; 2] = ["hunter2hunter2", "swordfish9fish"];

fn hides(what: &(impl Debug + ?Sized)) {
    for text in [format!("{what:?}"), format!("{what:#?}")] {
        assert!(HALVES.iter().all(|half| !text.contains(half)), "{text}");
    }
}

fn hides_error(error: &dyn Error) {
    hides(error);
    let mut cause = Some(error);
    while let Some(error) = cause {
        let text = error.to_string();
        assert!(HALVES.iter().all(|half| !text.contains(half)), "{text}");
        cause = error.source();
    }
}

#[tokio::test]
async fn no_password_is_told() {
    let [one, two] = HALVES;
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
                Ok(database) => hides(&database),
                Err(error) => {
                    wrong += 1;
                    hides_error(&error);
                }
            }
        }
    }
    assert!(wrong > 10, "{wrong}");
    // A good one, and nobody there.
    let database = Database::connect_no_tls(&format!("postgres://u:{one}@127.0.0.1:1/db"));
    let database = database.expect("a good URL");
    hides_error(&PostgresNutStore::open(&database).await.expect_err("nobody there"));
    hides_error(&PostgresIdentityStore::open(&database).await.expect_err("nobody there"));
}

#[test]
fn a_main_that_fails_says_what_is_wrong() {
    let error = Database::connect_no_tls("host=127.0.0.1 port=one").expect_err("no number");
    let says = "the database's URL cannot be read: invalid";
    assert!(format!("{error:?}").starts_with(says), "{error:?}");
}
