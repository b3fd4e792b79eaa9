//! Opening files: new, by many at once, of a newer release, and what is no database.

mod common;

use std::thread;

use common::File;
use tower_sqrl_sqlite::{OpenError, SqliteIdentityStore, SqliteNutStore};

#[test]
fn many_open_a_new_file_at_once() {
    let file = File::new();
    thread::scope(|scope| {
        for turn in 0..8 {
            let path = file.path();
            scope.spawn(move || {
                if turn % 2 == 0 {
                    SqliteIdentityStore::open(path).map(drop).expect("identities");
                } else {
                    SqliteNutStore::open(path).map(drop).expect("nuts");
                }
            });
        }
    });
    let versions: String = file
        .connection()
        .query_row(
            "select group_concat(part || ' ' || version, ', ') from sqrl_schema",
            [],
            |row| row.get(0),
        )
        .expect("the versions");
    assert_eq!(versions, "identity 1, nut 1");
}

#[test]
fn a_newer_release_s_file_is_refused() {
    let file = File::new();
    drop(SqliteIdentityStore::open(file.path()).expect("a new file"));
    let newer = "update sqrl_schema set version = 9 where part = 'identity'";
    file.connection().execute(newer, []).expect("an upgrade");

    let error = SqliteIdentityStore::open(file.path()).expect_err("too old");
    assert!(matches!(error, OpenError::Newer { part: "identity", found: 9, known: 1 }));
    assert!(error.to_string().contains("upgrade tower-sqrl-sqlite"), "{error}");
    assert_eq!(format!("{error:?}"), error.to_string(), "what `main` prints");
    drop(SqliteNutStore::open(file.path()).expect("the other tables have their own version"));
}

#[test]
fn what_is_no_database_is_refused() {
    let file = File::new();
    std::fs::write(file.path(), [b'?'; 4096]).expect("a file");
    let error = SqliteIdentityStore::open(file.path()).expect_err("no database");
    assert!(matches!(error, OpenError::Database(_)), "{error:?}");
    let says = "the database cannot be opened or brought up to date: file is not a database";
    assert!(format!("{error:?}").starts_with(says), "{error:?}");
    let missing = file.path().join("no").join("directory");
    let error = SqliteNutStore::open(missing).expect_err("no directory");
    assert!(matches!(error, OpenError::Database(_)), "{error:?}");
}
