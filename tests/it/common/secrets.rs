//! What the library logs while a test runs, and every secret that went through the test's
//! hands: the one must never have any of the other, whatever the test is about.
//!
//! A test and its site run on one thread, so both are kept by thread. What a test does on
//! others is not looked at.

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

/// Nothing shorter is a secret.
const SHORTEST: usize = 16;

/// From here on everything that the library says is written down.
pub(crate) fn listen() {
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

/// What the library has logged on this thread.
pub(crate) fn logged() -> String {
    LOG.with_borrow(|log| String::from_utf8_lossy(log).into_owned())
}

/// The secrets that this thread has seen.
pub(crate) fn known() -> BTreeSet<String> {
    SECRETS.with_borrow(Clone::clone)
}

pub(crate) fn learn(secret: &str) {
    if secret.len() >= SHORTEST {
        SECRETS.with_borrow_mut(|secrets| secrets.insert(secret.to_owned()));
    }
}

/// Keys, indexed secrets and signatures of a client's request.
pub(crate) fn learn_request(body: &[u8]) {
    let Ok(body) = std::str::from_utf8(body) else { return };
    let form = Form::decode(body);
    for name in ["ids", "pids", "urs"] {
        form.get(name).into_iter().for_each(learn);
    }
    let Some(Ok(list)) = form.get("client").map(List::decode) else { return };
    for name in ["idk", "pidk", "suk", "vuk", "ins", "pins"] {
        list.get(name).into_iter().for_each(learn);
    }
}

/// The nut, and the id of a CPS URL.
pub(crate) fn learn_reply(reply: &Reply) {
    learn(&reply.nut);
    reply.suk.iter().for_each(|suk| learn(&suk.to_string()));
    reply.url.iter().filter_map(|url| url.split('?').nth(1)).for_each(learn);
}

/// The secrets of the browser's cookies.
pub(crate) fn learn_cookies(browser: &Browser) {
    for cookie in browser.cookies().iter() {
        cookie.value.split('.').next().into_iter().for_each(learn);
    }
}

/// New links, which `nut.sqrl` gives out.
pub(crate) fn learn_answer(answer: &Response<Bytes>) {
    let text = String::from_utf8_lossy(answer.body());
    let nuts = text.split("nut=").skip(1);
    nuts.for_each(|rest| learn(rest.get(..22).unwrap_or_default()));
}

/// The first secret that a text holds, in any of the ways in which bytes are printed.
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

/// Fails where the log has a secret.
pub(crate) fn look() {
    let log = logged();
    if let Some(secret) = secret_in(&log) {
        let line = log.lines().find(|line| secret_in(line).is_some());
        panic!("a secret is in the log: {secret} in {line:?}");
    }
}

#[derive(Clone, Copy)]
struct Log;

/// Where a line goes: into the thread's log, or nowhere.
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

    /// What the client logs is not the library's.
    fn make_writer_for(&'a self, line: &Metadata<'_>) -> Lines {
        let target = line.target();
        let ours = target == "tower_sqrl" || target.starts_with("tower_sqrl::");
        Lines { ours }
    }
}
