//! The body of a request: `application/x-www-form-urlencoded`.

use std::borrow::Cow;

use super::ProtocolError;
use super::client::once;

/// The fields of a request after percent-decoding, before base64 decoding.
#[derive(Debug)]
pub(super) struct Form<'a> {
    pub(super) client: Cow<'a, str>,
    pub(super) server: Cow<'a, str>,
    pub(super) ids: Cow<'a, str>,
    pub(super) pids: Option<Cow<'a, str>>,
    pub(super) urs: Option<Cow<'a, str>>,
}

impl<'a> Form<'a> {
    /// Parses the fields and ignores others.
    ///
    /// Bytes that are not UTF-8 become replacement characters. Base64url does not contain these, so such
    /// a field never matches what was signed.
    pub(super) fn parse(body: &'a [u8]) -> Result<Self, ProtocolError> {
        let (mut client, mut server, mut ids) = (None, None, None);
        let (mut pids, mut urs) = (None, None);
        for (name, value) in form_urlencoded::parse(body) {
            match &*name {
                "client" => once(&mut client, value)?,
                "server" => once(&mut server, value)?,
                "ids" => once(&mut ids, value)?,
                "pids" => once(&mut pids, value)?,
                "urs" => once(&mut urs, value)?,
                _ => {}
            }
        }
        Ok(Self {
            client: client.ok_or(ProtocolError::Missing("client"))?,
            server: server.ok_or(ProtocolError::Missing("server"))?,
            ids: ids.ok_or(ProtocolError::Missing("ids"))?,
            pids,
            urs,
        })
    }
}
