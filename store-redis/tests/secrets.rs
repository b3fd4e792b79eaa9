//! A password is in no error and no `Debug`, however wrong the URL is; nor is what was sent,
//! whatever the server says about it.

mod common;

use std::error::Error as _;

use common::{TTL, cps, nut, pending};
use test_servers::secrets::{PASSWORD_HALVES, assert_hides_password, debug_output, error_output};
use test_servers::{Redis, RedisOptions};
use tower_sqrl_core::nuts::{NutState, NutStore};
use tower_sqrl_redis::RedisNutStore;

#[tokio::test]
async fn no_password_is_shown() {
    let [one, two] = PASSWORD_HALVES;
    let mut wrong = 0;
    // Signs that a URL takes for its own.
    for sign in ["@", "/", "?", "#", "%", "%zz", ":", " ", "=", ",", "\\", "&", "[", "]"] {
        let password = format!("{one}{sign}{two}");
        for url in [
            format!("redis://u:{password}@127.0.0.1:1/0"),
            format!("redis://u:{password}@127.0.0.1:1/zero"),
            format!("redis://u:{password}@127.0.0.1:one/0"),
            format!("redis-cluster://u:{password}@127.0.0.1:1,127.0.0.2:one"),
            format!("redis-sentinel://u:{password}@127.0.0.1:1/0?service=a"),
            format!("redis-sentinel://127.0.0.1:1/0?service=a&sentinel_password={password}"),
            format!("redis-sentinel://127.0.0.1:1/0?service=a&{password}"),
        ] {
            let builder = RedisNutStore::builder(&url);
            assert_hides_password(&debug_output(&builder));
            match builder.build() {
                Ok(store) => assert_hides_password(&debug_output(&store)),
                Err(error) => {
                    wrong += 1;
                    assert_hides_password(&error_output(&error));
                }
            }
        }
    }
    assert!(wrong > 10, "{wrong}");
    // Good ones, and nobody there.
    for scheme in ["redis", "redis-cluster"] {
        let url = format!("{scheme}://u:{one}@127.0.0.1:1");
        let error = RedisNutStore::connect(&url).await.expect_err("nobody there");
        assert_hides_password(&error_output(&error));
    }
}

#[test]
fn a_main_that_fails_says_what_to_write() {
    let error = RedisNutStore::builder("http://127.0.0.1").build().expect_err("no scheme of ours");
    assert!(format!("{error:?}").starts_with("a Redis URL begins with redis://"), "{error:?}");
    let error = RedisNutStore::builder("redis://127.0.0.1/zero").build().expect_err("no number");
    let cause = error.source().expect("a cause").to_string();
    assert_eq!(format!("{error:?}"), format!("the Redis URL cannot be used: {cause}"));
}

/// Redis repeats the arguments of a command that it does not know.
#[tokio::test]
async fn no_argument_is_shown() {
    let config = ["SET", "GET"].map(|command| format!("rename-command {command} \"\"")).into();
    let options = RedisOptions { config, ..RedisOptions::default() };
    let redis = Redis::start_with(&options).expect("a Redis server");
    let store = RedisNutStore::builder(&redis.url()).build().expect("a store");
    let (nut, (id, info)) = (nut(), cps());
    let state = NutState::Pending;
    for (error, said) in [
        // A record in an answer makes it none that can be read.
        (store.store_nut(&nut, &pending(), state, TTL).await.expect_err("no SET"), "error"),
        (store.get_nut(&nut, state).await.expect_err("no GET"), "unknown command 'GET'"),
        (store.store_cps_session_id(&id, &info, TTL).await.expect_err("no SET"), "error"),
        (store.get_user_id_by_cps_session_id(&id).await.expect_err("no GET"), "unknown command"),
    ] {
        let output = error_output(&error);
        assert!(!output.contains(&nut.to_string()) && !output.contains(&id.to_text()), "{output}");
        assert!(!output.contains("sqrl:"), "{output}");
        // What an operator looks for is there.
        assert!(output.contains(said), "{output}");
    }
}
