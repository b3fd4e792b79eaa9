//! See `fuzz::service`.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!(fuzz::service::run);
