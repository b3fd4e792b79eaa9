//! Does once what a store does, so that a missing permission shows when the store connects and
//! not when somebody signs in.

use std::error::Error;

use thiserror::Error;
use tower_sqrl_core::StoreError;
use tower_sqrl_core::nuts::WaitId;

use crate::call::Call;
use crate::refusal::Refusal;
use crate::store::Inner;

/// The user of Redis lacks a permission.
#[derive(Debug, Error)]
#[error("the Redis user may not run {command}; grant it: ACL SETUSER … {rules}")]
struct NotAllowed {
    command: String,
    rules: String,
    #[source]
    source: Box<dyn Error + Send + Sync>,
}

/// Runs every command that the store uses, on a key of each namespace and on the channel.
pub(crate) async fn check(store: &Inner) -> Result<(), StoreError> {
    for (key, pattern) in store.keys.checks() {
        let keys = format!("~{pattern}");
        run(store, &key, &["SET", &key, "", "NX", "PX", "1000"], &keys).await?;
        run(store, &key, &["GET", &key], &keys).await?;
        run(store, &key, &["GETDEL", &key], &keys).await?;
    }
    let channel = store.keys.channel();
    let channels = format!("&{channel}");
    // No wait has so short a name.
    run(store, &channel, &["PUBLISH", &channel, ""], &channels).await?;
    for &words in &store.extra_commands {
        run(store, &channel, words, "").await?;
    }
    let subscribed = store.watch(&WaitId::from_bytes([0; 16])).await;
    subscribed.map(drop).map_err(|error| explain(error, "SUBSCRIBE", &channels))
}

/// Runs one command, which goes to the server that has `key`.
async fn run(store: &Inner, key: &str, words: &[&str], on: &str) -> Result<(), StoreError> {
    let mut command = redis::Cmd::new();
    for word in words {
        command.arg(word);
    }
    let call = Call { key: key.to_owned(), command, look: false, announcement: None };
    store.run(&call).await.map(drop).map_err(|error| explain(error, words[0], on))
}

/// Names the permission, if that is what is missing.
fn explain(error: StoreError, command: &str, on: &str) -> StoreError {
    let refusal = error.source().and_then(|source| source.downcast_ref::<Refusal>());
    match refusal {
        Some(refusal) if refusal.is_about_permission() => StoreError::unavailable(NotAllowed {
            command: command.to_owned(),
            rules: format!("+{} {on}", command.to_lowercase()).trim_end().to_owned(),
            source: Box::new(refusal.clone()),
        }),
        _ => error,
    }
}
