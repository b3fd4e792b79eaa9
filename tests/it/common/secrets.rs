//! Records the log of the library and every secret that a test sees. The log must not contain any
//! of the secrets, whatever the test is about.
//!
//! A test and its site run on one thread, so both are stored by thread. Other threads are not
//! checked.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Once;

use axum::body::Bytes;
use axum::http::Response;
use tower_sqrl_client::base64url;
use tower_sqrl_client::browser::Browser;
use tower_sqrl_client::wire::{Form, List, Reply};
use tracing::Metadata;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

thread_local! {
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static SECRETS: RefCell<BTreeSet<String>> = const { RefCell::new(BTreeSet::new()) };
}

/// The minimum length of a secret.
const SHORTEST: usize = 16;

/// Starts to record the log of the library.
pub(crate) fn record_log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_ansi(false)
            .with_writer(Log)
            .finish();
        tracing::subscriber::set_global_default(subscriber).expect("the only one");
    });
}

/// Returns what the library has logged on this thread.
pub(crate) fn logged() -> String {
    LOG.with_borrow(|log| String::from_utf8_lossy(log).into_owned())
}

/// Returns the secrets that this thread has seen.
pub(crate) fn known() -> BTreeSet<String> {
    SECRETS.with_borrow(Clone::clone)
}

pub(crate) fn record(secret: &str) {
    if secret.len() >= SHORTEST {
        SECRETS.with_borrow_mut(|secrets| secrets.insert(secret.to_owned()));
    }
}

/// Records the keys, indexed secrets and signatures of a client's request.
pub(crate) fn record_request(body: &[u8]) {
    let Ok(body) = std::str::from_utf8(body) else { return };
    let form = Form::decode(body);
    for name in ["ids", "pids", "urs"] {
        form.get(name).into_iter().for_each(record);
    }
    let Some(Ok(list)) = form.get("client").map(List::decode) else { return };
    for name in ["idk", "pidk", "suk", "vuk", "ins", "pins"] {
        list.get(name).into_iter().for_each(record);
    }
}

/// Records the nut, the `suk` and the id of the CPS URL.
pub(crate) fn record_reply(reply: &Reply) {
    record(&reply.nut);
    reply.suk.iter().for_each(|suk| record(&suk.to_string()));
    reply.url.iter().filter_map(|url| url.split('?').nth(1)).for_each(record);
}

/// Records the secrets in the browser's cookies.
pub(crate) fn record_cookies(browser: &Browser) {
    for cookie in browser.cookies().iter() {
        cookie.value.split('.').next().into_iter().for_each(record);
    }
}

/// Records the nuts of SQRL URLs from `nut.sqrl`.
pub(crate) fn record_answer(answer: &Response<Bytes>) {
    let text = String::from_utf8_lossy(answer.body());
    let nuts = text.split("nut=").skip(1);
    nuts.for_each(|rest| record(rest.get(..22).unwrap_or_default()));
}

/// Returns the first secret that a text contains, in any form in which bytes are printed.
pub(crate) fn secret_in(text: &str) -> Option<String> {
    known().into_iter().find(|secret| {
        text.contains(secret.as_str())
            || base64url::decode(secret).is_ok_and(|bytes| {
                let numbers = format!("{bytes:?}");
                let numbers = numbers.trim_matches(['[', ']']);
                let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
                let hex: String =
                    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect();
                text.contains(numbers) || text.to_lowercase().contains(&hex)
            })
    })
}

/// Panics if the log contains a secret.
pub(crate) fn assert_none_logged() {
    let log = logged();
    if let Some(secret) = secret_in(&log) {
        let line = log.lines().find(|line| secret_in(line).is_some());
        panic!("a secret is in the log: {secret} in {line:?}");
    }
}

#[derive(Clone, Copy)]
struct Log;

/// The writer for a line: it writes to the thread's log if the line is the library's.
struct Lines {
    ours: bool,
}

impl Write for Lines {
    fn write(&mut self, some: &[u8]) -> std::io::Result<usize> {
        if self.ours {
            LOG.with_borrow_mut(|log| log.extend_from_slice(some));
        }
        Ok(some.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Lines;

    fn make_writer(&'a self) -> Lines {
        Lines { ours: false }
    }

    /// The log of the SQRL client is not recorded.
    fn make_writer_for(&'a self, line: &Metadata<'_>) -> Lines {
        let target = line.target();
        let ours = target == "tower_sqrl" || target.starts_with("tower_sqrl::");
        Lines { ours }
    }
}
