//! See `fuzz::request`.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!(fuzz::request::run);
