//! A password is in no error and no `Debug`, however wrong the URL is; nor is what was sent,
//! whatever the server says about it.

mod common;

use common::{TTL, cps, nut, pending};
use test_servers::secrets::{PASSWORD_HALVES, assert_hides_password, debug_output, error_output};
use test_servers::{Redis, RedisOptions};
use tower_sqrl_core::nuts::{NutState, NutStore};
use tower_sqrl_redis::{OpenError, RedisNutStore};

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

#[tokio::test]
async fn an_invalid_url_is_an_error_of_the_configuration() {
    for (url, reason) in [
        ("http://127.0.0.1", "start with redis://"),
        ("redis://127.0.0.1/zero", "Redis URL"),
        ("redis-sentinel://127.0.0.1", "group of servers"),
    ] {
        let built = RedisNutStore::builder(url).build().expect_err(url);
        let connected = RedisNutStore::connect(url).await.expect_err(url);
        for error in [built, connected] {
            assert!(matches!(error, OpenError::Url { .. }), "{url}: {error}");
            assert!(error.to_string().contains(reason), "{url}: {error}");
        }
    }
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
