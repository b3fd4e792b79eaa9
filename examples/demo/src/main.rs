//! A small application with SQRL sign-in: see `lib.rs`.

use std::process::ExitCode;

fn main() -> ExitCode {
    demo::main()
}
