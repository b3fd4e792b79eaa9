use thiserror::Error;

/// An invalid request. The server answers each of these with tif C0.
///
/// The texts name the invalid part and never repeat what the client sent, so that they are safe to log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// A value is not strict base64url.
    #[error("a value is not base64url")]
    Base64url,
    /// A key, signature or secret has the wrong length.
    #[error("a key, signature or secret has the wrong length")]
    Length,
    /// A required field, parameter or signature is missing.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A field or parameter occurs twice.
    #[error("a field or parameter is given twice")]
    Twice,
    /// The list is not UTF-8, or one of its lines is not `name=value`.
    #[error("the list of parameters is malformed")]
    Lines,
    /// `ver` is not a list of versions and ranges.
    #[error("`ver` is malformed")]
    Version,
    /// `ver` contains no version that this server supports.
    #[error("no protocol version in common")]
    NoCommonVersion,
    /// `btn` is not 0, 1, 2 or 3.
    #[error("`btn` is malformed")]
    Button,
    /// `vuk` is a key with which a signature of another owner could verify.
    #[error("`vuk` is weak or not canonical")]
    WeakKey,
    /// `ids` or `pids` does not verify.
    #[error("a signature does not verify")]
    Signature,
}
