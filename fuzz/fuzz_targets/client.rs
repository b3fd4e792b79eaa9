//! See `fuzz::client`.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!(fuzz::client::run);
