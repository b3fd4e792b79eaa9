//! See `fuzz::addresses`.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!(fuzz::addresses::run);
