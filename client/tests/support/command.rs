//! Runs the command `sqrl`.

use std::path::Path;
use std::process::{Output, Stdio};

use tokio::process::Command;

/// Runs `sqrl` in a directory. Sets `SQRL_RESCUE_CODE` unless `code` is empty.
pub(crate) async fn sqrl(directory: &Path, code: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sqrl"));
    command.args(arguments).current_dir(directory).stdin(Stdio::null());
    command.env_remove("SQRL_RESCUE_CODE");
    if !code.is_empty() {
        command.env("SQRL_RESCUE_CODE", code);
    }
    command.output().await.unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
