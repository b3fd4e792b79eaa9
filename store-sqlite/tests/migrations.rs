//! Opening files: new, by many at once, of a newer release, without permission, and what is
//! no database.

mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use common::File;
use tower_sqrl_core::nuts::{NutState, NutStore as _};
use tower_sqrl_core::protocol::Nut;
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
    assert_eq!(versions, "identity 1, nut 2");
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
    drop(SqliteNutStore::open(file.path()).expect("the other tables have their own version"));
}

#[tokio::test]
async fn an_older_release_s_file_is_brought_up_to_date() {
    let file = File::new();
    let connection = file.connection();
    let older = "create table sqrl_schema (
            part    text    not null primary key,
            version integer not null
        ) strict, without rowid;
        insert into sqrl_schema values ('nut', 1);";
    connection.execute_batch(older).expect("the versions");
    connection.execute_batch(include_str!("../migrations/nut_1.sql")).expect("its tables");

    let store = SqliteNutStore::open(file.path()).expect("an older file");
    let nut = Nut::from_bytes([1; 16]);
    assert_eq!(store.get_nut(&nut, NutState::Pending).await.expect("a look"), None);
    let now = "select (select version from sqrl_schema) || ' ' || count(*)
               from sqlite_schema where name = 'sqrl_nut_expires_at'";
    let now: String = connection.query_row(now, [], |row| row.get(0)).expect("a row");
    assert_eq!(now, "2 0");
}

#[test]
fn a_wrong_path_is_an_error_of_the_configuration() {
    let file = File::new();
    std::fs::write(file.path(), [b'?'; 4096]).expect("a file");
    let path = file.path();
    let directory = path.parent().expect("a directory").to_owned();
    let missing = path.with_file_name("no").join("directory");
    for (wrong, what) in [
        (path, "not a SQLite database"),
        (directory, "is a directory"),
        (missing, "directory does not exist"),
    ] {
        let identities = SqliteIdentityStore::open(&wrong).map(drop);
        for opened in [identities, SqliteNutStore::open(&wrong).map(drop)] {
            let error = opened.expect_err("a wrong path");
            assert!(matches!(&error, OpenError::Path { path, .. } if *path == wrong), "{error:?}");
            assert!(error.to_string().contains(what), "{error}");
        }
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("our own");
}

#[test]
fn a_file_without_write_permission_is_refused() {
    const HELD: &str = "SQRL_TEST_HELD_TO_PERMISSIONS";

    let root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    if root && std::env::var_os(HELD).is_none() {
        // Permissions do not hold root, so the test runs once more without that privilege.
        let test = std::env::current_exe().expect("this test");
        let output = Command::new("setpriv")
            .args(["--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"])
            .arg(test)
            .args(["--exact", "a_file_without_write_permission_is_refused", "--nocapture"])
            .env(HELD, "yes")
            .output()
            .expect("setpriv of util-linux");
        let said = String::from_utf8_lossy(&output.stdout);
        let failed = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains("1 passed"), "{said}{failed}");
        return;
    }

    let refused = |path: &Path| {
        let identities = SqliteIdentityStore::open(path).map(drop);
        for opened in [identities, SqliteNutStore::open(path).map(drop)] {
            let error = opened.expect_err("it cannot be written");
            assert!(matches!(&error, OpenError::NotPermitted { path: file, .. } if file == path));
            let says = error.to_string();
            assert!(says.contains("needs write permission"), "{says}");
            assert!(says.contains(&*path.to_string_lossy()), "{says}");
        }
    };
    let file = File::new();
    let path = file.path();
    let directory = path.parent().expect("a directory");
    drop(SqliteIdentityStore::open(&path).expect("a new file"));
    // The last connection takes the log with it when it is closed.
    let log = directory.join("sqrl.sqlite-wal");
    let deadline = Instant::now() + Duration::from_secs(30);
    while log.exists() {
        assert!(Instant::now() < deadline, "the thread goes on");
        thread::sleep(Duration::from_millis(5));
    }

    set_mode(&path, 0o444);
    refused(&path);
    // The file itself may be written here, but not the log beside it.
    set_mode(&path, 0o644);
    set_mode(directory, 0o555);
    refused(&path);
    refused(&directory.join("another.sqlite"));
    set_mode(directory, 0o755);
    // SQLite has given the log the mode that the file had.
    for file in fs::read_dir(directory).expect("a directory") {
        set_mode(&file.expect("a file").path(), 0o644);
    }
    drop(SqliteNutStore::open(&path).expect("allowed again"));
}
