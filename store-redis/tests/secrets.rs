//! A password is in no error and no `Debug`, however wrong the URL is.

use std::error::Error;
use std::fmt::Debug;

use tower_sqrl_redis::RedisNutStore;

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
            hides(&builder);
            match builder.build() {
                Ok(store) => hides(&store),
                Err(error) => {
                    wrong += 1;
                    hides_error(&error);
                }
            }
        }
    }
    assert!(wrong > 10, "{wrong}");
    // Good ones, and nobody there.
    for scheme in ["redis", "redis-cluster"] {
        let url = format!("{scheme}://u:{one}@127.0.0.1:1");
        hides_error(&RedisNutStore::connect(&url).await.expect_err("nobody there"));
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
