//! Identities: a current one and up to four previous ones, and the rescue code that
//! protects them.

mod enscrypt;
mod file;
mod keyring;
mod rescue_code;
mod sealed;

pub use file::FileError;
pub use keyring::Identity;
pub use rescue_code::{RescueCode, RescueCodeError};
pub use sealed::UnlockError;
