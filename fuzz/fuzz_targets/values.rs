//! See `fuzz::values`.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!(fuzz::values::run);
