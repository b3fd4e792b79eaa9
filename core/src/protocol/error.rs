use thiserror::Error;

/// What a client did wrong. Every one of these is answered with tif C0.
///
/// The texts name the part that was wrong and never repeat what the client sent, so
/// that they can be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// A value is not strict base64url.
    #[error("a value is not base64url")]
    Base64url,
    /// A key, signature or secret has another length than the specification gives it.
    #[error("a key, signature or secret has the wrong length")]
    Length,
    /// A field, parameter or signature that must be there is missing.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A field or parameter is there twice.
    #[error("a field or parameter is given twice")]
    Twice,
    /// A line of the list is not `name=value`, or the list is not UTF-8.
    #[error("the list of parameters is malformed")]
    Lines,
    /// `ver` is not a list of versions and ranges.
    #[error("`ver` is malformed")]
    Version,
    /// `ver` names no version that this server speaks.
    #[error("no protocol version in common")]
    NoCommonVersion,
    /// `btn` is something else than 0, 1, 2 or 3.
    #[error("`btn` is malformed")]
    Button,
    /// `vuk` is a key for which more than one owner's signature could verify.
    #[error("`vuk` is weak or not canonical")]
    WeakKey,
    /// `ids` or `pids` does not verify.
    #[error("a signature does not verify")]
    Signature,
}
