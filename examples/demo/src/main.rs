//! A small application with SQRL sign-in. The code starts in `lib.rs`.

use std::process::ExitCode;

fn main() -> ExitCode {
    demo::main()
}
