use super::form::Form;
use super::signature::{self, SignatureBytes};
use super::{
    Button, ClientParams, Command, Idk, IndexedSecret, Options, ProtocolError, Suk, Vuk, base64url,
};

/// A well-formed request whose signatures are unverified.
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

/// The values of a request, and what verifying `urs` later requires.
struct Signed {
    client: ClientParams,
    server: Vec<u8>,
    /// The `client` and `server` values as received, concatenated: what the signatures sign.
    message: Vec<u8>,
    urs: Option<SignatureBytes>,
}

/// Omits the message and the signatures, so that no log contains them.
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
    /// Parses the body of a request.
    ///
    /// # Errors
    ///
    /// A [`ProtocolError`], except [`ProtocolError::Signature`].
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

    /// Verifies `ids`, and `pids` if the request has both `pidk` and `pids`.
    ///
    /// # Errors
    ///
    /// [`ProtocolError::Signature`] if a signature does not verify with its key.
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
        // A `pidk` without `pids`, or equal to `idk`, is ignored. So are `pids` without a `pidk`: a
        // released client sends them whenever it has a previous key.
        signed.client.pidk = proved;
        Ok(Request(signed))
    }
}

/// A request with verified signatures. Only [`UnverifiedRequest::verify`] creates one.
#[derive(Debug)]
pub struct Request(Signed);

impl Request {
    /// Returns the command.
    pub fn command(&self) -> Command {
        self.0.client.command
    }

    /// Returns the options.
    pub fn options(&self) -> Options {
        self.0.client.options
    }

    /// Returns the identity key, whose owner signed the request.
    pub fn idk(&self) -> &Idk {
        &self.0.client.idk
    }

    /// Returns the previous identity key, whose owner signed the request too. It differs from
    /// [`idk`](Self::idk).
    pub fn pidk(&self) -> Option<&Idk> {
        self.0.client.pidk.as_ref()
    }

    /// Returns the keys for a new identity, if the request has both.
    pub fn unlock_keys(&self) -> Option<(Suk, Vuk)> {
        self.0.client.suk.zip(self.0.client.vuk)
    }

    /// Returns the answer to an `ask`.
    pub fn button(&self) -> Option<Button> {
        self.0.client.button
    }

    /// Returns the indexed secret of [`idk`](Self::idk).
    pub fn ins(&self) -> Option<&IndexedSecret> {
        self.0.client.ins.as_ref()
    }

    /// Returns the indexed secret of [`pidk`](Self::pidk).
    pub fn pins(&self) -> Option<&IndexedSecret> {
        self.0.client.pins.as_ref()
    }

    /// Returns the decoded `server` value: the SQRL URL or the reply that this request answers.
    pub fn server(&self) -> &[u8] {
        &self.0.server
    }

    /// Verifies `urs` with a stored key. A proof shows that the identity's owner signed this request with
    /// the rescue code.
    ///
    /// *On The Wire*, "Client Signatures", `urs`; *Cryptography*, "How an Identity Association
    /// is Unlocked".
    pub fn prove_unlock(&self, stored: &Vuk) -> Option<UnlockProof> {
        let urs = self.0.urs.as_ref()?;
        signature::verifies(stored.as_bytes(), &self.0.message, urs)
            .then_some(UnlockProof { vuk: *stored })
    }
}

/// Proof that a request has a valid unlock request signature for one stored key.
///
/// Rekey, enable and remove require one. Only [`Request::prove_unlock`] creates it.
///
/// *Cryptography*, "How an Identity Association is Unlocked".
#[derive(Debug)]
pub struct UnlockProof {
    vuk: Vuk,
}

impl UnlockProof {
    /// Returns whether the proof is for an identity with this key.
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
