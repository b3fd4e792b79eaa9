//! What no input may bring about: one function per fuzz target, with what holds for every
//! input as its assertions.
//!
//! `fuzz_targets/` hands them to libFuzzer, `tests/replay.rs` runs them over the inputs in
//! `corpus/`, which needs nothing but the usual toolchain.

#![allow(clippy::missing_panics_doc, reason = "a panic is the verdict")]

pub mod addresses;
pub mod client;
mod feed;
pub mod history;
mod list;
mod oracle;
pub mod record;
pub mod request;
pub mod service;
mod shelf;
mod site;
pub mod values;

/// Checks one input; panics where something does not hold.
pub type Target = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: &[(&str, Target)] = &[
    ("addresses", addresses::run),
    ("client", client::run),
    ("history", history::run),
    ("record", record::run),
    ("request", request::run),
    ("service", service::run),
    ("values", values::run),
];

/// The whole of a binary in `fuzz_targets/`.
#[macro_export]
macro_rules! target {
    ($run:path) => {
        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(|data: &[u8]| $run(data));

        #[cfg(not(fuzzing))]
        fn main() {
            let name = env!("CARGO_BIN_NAME");
            eprintln!(
                "built without libFuzzer: `cargo +nightly fuzz run {name}` searches, and an input \
                 in fuzz/corpus/{name} is replayed by `cargo test -p fuzz`"
            );
        }
    };
}
