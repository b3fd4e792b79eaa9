use super::form::Form;
use super::signature::{self, SignatureBytes};
use super::{
    Button, ClientParams, Command, Idk, IndexedSecret, Options, ProtocolError, Suk, Vuk, base64url,
};

/// A well-formed request of which nothing has been proved yet.
///
/// ```
/// use tower_sqrl_core::protocol::{ProtocolError, UnverifiedRequest};
///
/// let refused = UnverifiedRequest::parse(b"client=&server=").err();
/// assert_eq!(refused, Some(ProtocolError::Missing("ids")));
/// ```
///
/// *On The Wire*, "Client-to-Server Query".
pub struct UnverifiedRequest {
    signed: Signed,
    ids: SignatureBytes,
    pids: Option<SignatureBytes>,
}

/// What is left of a request once its signatures have been looked at, and what a later
/// look at `urs` needs.
struct Signed {
    client: ClientParams,
    server: Vec<u8>,
    /// The `client` and `server` values one behind the other, as received.
    message: Vec<u8>,
    urs: Option<SignatureBytes>,
}

/// Without what was signed and the signatures, which have no business in a log.
impl std::fmt::Debug for Signed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signed").field("client", &self.client).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for UnverifiedRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("UnverifiedRequest").field(&self.signed).finish()
    }
}

impl UnverifiedRequest {
    /// Reads the body of a request.
    ///
    /// # Errors
    ///
    /// Any [`ProtocolError`] but [`ProtocolError::Signature`].
    pub fn parse(body: &[u8]) -> Result<Self, ProtocolError> {
        let form = Form::parse(body)?;
        let client = ClientParams::parse(&base64url::decode(&*form.client)?)?;
        let server = base64url::decode(&*form.server)?;
        let ids = base64url::decode_exact(&*form.ids)?;
        let pids = form.pids.map(|pids| base64url::decode_exact(&*pids)).transpose()?;
        let urs = form.urs.map(|urs| base64url::decode_exact(&*urs)).transpose()?;
        let mut message = form.client.into_owned().into_bytes();
        message.extend_from_slice(form.server.as_bytes());
        Ok(Self { signed: Signed { client, server, message, urs }, ids, pids })
    }

    /// Verifies `ids`, and `pids` where there is one for a `pidk`.
    ///
    /// # Errors
    ///
    /// [`ProtocolError::Signature`] if one of them is not its key's owner's.
    ///
    /// *On The Wire*, "Client Signatures", and figure 2, "Server's POST data verification".
    pub fn verify(self) -> Result<Request, ProtocolError> {
        let Self { mut signed, ids, pids } = self;
        let is_signed = |key: &Idk, signature: &SignatureBytes| {
            signature::verifies(key.as_bytes(), &signed.message, signature)
        };
        if !is_signed(&signed.client.idk, &ids) {
            return Err(ProtocolError::Signature);
        }
        let mut proved = None;
        if let (Some(pidk), Some(pids)) = (signed.client.pidk, pids) {
            if !is_signed(&pidk, &pids) {
                return Err(ProtocolError::Signature);
            }
            proved = (pidk != signed.client.idk).then_some(pidk);
        }
        // Without `pids`, or naming `idk` itself, a pidk counts as none. `pids` without a pidk prove
        // nothing: a shipped client sends them whenever it has a previous key.
        signed.client.pidk = proved;
        Ok(Request(signed))
    }
}

/// A request whose `ids`, and `pids` where it counts, have been verified.
///
/// Nothing but [`UnverifiedRequest::verify`] makes one.
#[derive(Debug)]
pub struct Request(Signed);

impl Request {
    /// What the client asks for.
    pub fn command(&self) -> Command {
        self.0.client.command
    }

    /// Its modifiers.
    pub fn options(&self) -> Options {
        self.0.client.options
    }

    /// The identity that this request proved.
    pub fn idk(&self) -> &Idk {
        &self.0.client.idk
    }

    /// The previous identity that this request proved, never the same as [`idk`](Self::idk).
    pub fn pidk(&self) -> Option<&Idk> {
        self.0.client.pidk.as_ref()
    }

    /// The keys for a new association; both or none.
    pub fn unlock_keys(&self) -> Option<(Suk, Vuk)> {
        self.0.client.suk.zip(self.0.client.vuk)
    }

    /// The answer to an `ask`.
    pub fn button(&self) -> Option<Button> {
        self.0.client.button
    }

    /// The answer to a `sin`, for [`idk`](Self::idk).
    pub fn ins(&self) -> Option<&IndexedSecret> {
        self.0.client.ins.as_ref()
    }

    /// The answer to a `sin`, for [`pidk`](Self::pidk).
    pub fn pins(&self) -> Option<&IndexedSecret> {
        self.0.client.pins.as_ref()
    }

    /// The decoded `server` value: the link or the reply that this request answers.
    pub fn server(&self) -> &[u8] {
        &self.0.server
    }

    /// Verifies `urs` with a stored key: did the identity's owner, rescue code in hand,
    /// sign this very request?
    ///
    /// *On The Wire*, "Client Signatures", `urs`; *Cryptography*, "How an Identity Association
    /// is Unlocked".
    pub fn prove_unlock(&self, stored: &Vuk) -> Option<UnlockProof> {
        let urs = self.0.urs.as_ref()?;
        signature::verifies(stored.as_bytes(), &self.0.message, urs)
            .then_some(UnlockProof { vuk: *stored })
    }
}

/// Proof that a request carries the unlock request signature for one stored key.
///
/// Rekey, enable and remove cannot be written without one; only
/// [`Request::prove_unlock`] makes it.
///
/// *Cryptography*, "How an Identity Association is Unlocked".
#[derive(Debug)]
pub struct UnlockProof {
    vuk: Vuk,
}

impl UnlockProof {
    /// Whether this is the proof for an identity with this key.
    pub fn is_for(&self, stored: &Vuk) -> bool {
        self.vuk == *stored
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer, SigningKey};

    use super::*;

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn idk(key: &SigningKey) -> Idk {
        Idk::from_bytes(key.verifying_key().to_bytes())
    }

    /// `client`, `server` and the signatures that are asked for.
    fn body(client: &str, signers: &[(&str, &SigningKey)]) -> String {
        let client = base64url::encode(client);
        let server = base64url::encode("qrl://localhost/cli.sqrl?nut=x");
        let mut body = format!("client={client}&server={server}");
        for (name, key) in signers {
            let signature = key.sign(format!("{client}{server}").as_bytes());
            body += &format!("&{name}={}", base64url::encode(signature.to_bytes()));
        }
        body
    }

    fn verify(body: &str) -> Result<Request, ProtocolError> {
        UnverifiedRequest::parse(body.as_bytes())?.verify()
    }

    fn list(extra: &str) -> String {
        format!("ver=1\r\ncmd=ident\r\nidk={}\r\n{extra}", idk(&key(1)))
    }

    #[test]
    fn a_request_is_what_its_owner_signed() {
        let request = verify(&body(&list(""), &[("ids", &key(1))])).expect("signed");
        assert_eq!(*request.idk(), idk(&key(1)));
        assert_eq!(request.server(), b"qrl://localhost/cli.sqrl?nut=x");
        for other in [key(2), key(3)] {
            let refused = verify(&body(&list(""), &[("ids", &other)]));
            assert_eq!(refused.err(), Some(ProtocolError::Signature));
        }
    }

    #[test]
    fn the_bytes_are_verified_as_received() {
        let padded = |text: &str| {
            let mut text = base64url::encode(text);
            while !text.len().is_multiple_of(4) {
                text.push('=');
            }
            text
        };
        let (client, server) = (padded(&list("")), padded("a"));
        let ids = key(1).sign(format!("{client}{server}").as_bytes()).to_bytes();
        let ids = base64url::encode(ids);
        let body = format!("ids={ids}&server={}&client={client}", server.replace('=', "%3D"));
        assert!(verify(&body).is_ok());
        // The same values without their padding are other bytes.
        let stripped = format!("client={client}&server={}&ids={ids}", server.trim_end_matches('='));
        assert_eq!(verify(&stripped).err(), Some(ProtocolError::Signature));
    }

    #[test]
    fn a_pidk_counts_only_with_its_signature() {
        let with_pidk = list(&format!("pidk={}", idk(&key(2))));
        let proved = verify(&body(&with_pidk, &[("ids", &key(1)), ("pids", &key(2))]));
        assert_eq!(proved.expect("both signed").pidk(), Some(&idk(&key(2))));
        let unsigned = verify(&body(&with_pidk, &[("ids", &key(1))]));
        assert_eq!(unsigned.expect("as if there were none").pidk(), None);
        let forged = verify(&body(&with_pidk, &[("ids", &key(1)), ("pids", &key(1))]));
        assert_eq!(forged.err(), Some(ProtocolError::Signature));
        let own = list(&format!("pidk={}", idk(&key(1))));
        let own = verify(&body(&own, &[("ids", &key(1)), ("pids", &key(1))]));
        assert_eq!(own.expect("signed").pidk(), None);
        let without = verify(&body(&list(""), &[("ids", &key(1)), ("pids", &key(2))]));
        assert_eq!(without.expect("as if there were none").pidk(), None);
    }

    #[test]
    fn an_unlock_is_proved_for_one_stored_key() {
        let stored = |seed| Vuk::from_bytes(key(seed).verifying_key().to_bytes());
        let request = verify(&body(&list(""), &[("ids", &key(1)), ("urs", &key(2))]));
        let request = request.expect("signed");
        assert!(request.prove_unlock(&stored(2)).is_some_and(|proof| proof.is_for(&stored(2))));
        assert!(request.prove_unlock(&stored(3)).is_none());
        let without = verify(&body(&list(""), &[("ids", &key(1))])).expect("signed");
        assert!(without.prove_unlock(&stored(2)).is_none());
    }

    #[test]
    fn a_field_given_twice_is_refused() {
        let once = body(&list(""), &[("ids", &key(1))]);
        for field in ["client=", "server=", "ids="] {
            let refused = UnverifiedRequest::parse(format!("{once}&{field}").as_bytes());
            assert_eq!(refused.err(), Some(ProtocolError::Twice), "{field}");
        }
        assert!(verify(&format!("{once}&other=1&other=2")).is_ok());
    }
}
