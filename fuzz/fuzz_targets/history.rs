//! See `fuzz::history`.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!(fuzz::history::run);
