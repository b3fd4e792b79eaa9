//! The fuzz targets: one function per target, which asserts what holds for every input.
//!
//! libFuzzer runs them through `fuzz_targets/`. `tests/replay.rs` runs them over the inputs in
//! `corpus/` and needs only the stable toolchain.

#![allow(clippy::missing_panics_doc, reason = "a panic is the verdict")]

pub mod addresses;
pub mod client;
pub mod corpus;

pub mod history;
mod list;
mod oracle;
pub mod record;
pub mod request;
pub mod service;

mod site;
mod stores;
mod unstructured;
pub mod values;

/// Checks one input. Panics if an assertion fails.
pub type Target = fn(&[u8]);

/// Every target, with its name.
pub const TARGETS: &[(&str, Target)] = &[
    ("addresses", addresses::run),
    ("client", client::run),
    ("history", history::run),
    ("record", record::run),
    ("request", request::run),
    ("service", service::run),
    ("values", values::run),
];

/// Defines the whole of a binary in `fuzz_targets/`.
#[macro_export]
macro_rules! target {
    ($run:path) => {
        #[cfg(fuzzing)]
        libfuzzer_sys::fuzz_target!(|data: &[u8]| $run(data));

        #[cfg(not(fuzzing))]
        fn main() {
            let name = env!("CARGO_BIN_NAME");
            eprintln!(
                "built without libFuzzer: run `cargo +nightly fuzz run {name}` to search for inputs, \
                 or `cargo test -p fuzz` to replay fuzz/corpus/{name}.txt"
            );
        }
    };
}
