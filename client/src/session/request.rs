//! The requests of a session, as a well-behaved client builds them.

use super::state::Session;
use crate::base64url;
use crate::error::Error;
use crate::identity::UnlockError;
use crate::keys::{UnlockPair, UrsKey};
use crate::wire::{ClientParams, Command, Form, Reply, Tif};

impl Session {
    /// Returns the parameters of the next request.
    ///
    /// They name the current identity (`idk`), a previous one (`pidk`) if there is one,
    /// the indexed secrets (`ins`, `pins`) if the last reply has a `sin`, the options, and
    /// the answer to a question. `suk` and `vuk` are new, and present if the site does not
    /// know the current identity.
    pub fn params(&self, command: &Command) -> ClientParams {
        let previous = self.previous_key();
        let mut params = ClientParams::new(command, self.key.idk());
        if let Some(key) = &previous {
            params = params.with("pidk", &key.idk().to_string());
        }
        if let Some(sin) = &self.sin {
            params = params.with("ins", &base64url::encode(self.key.index_secret(sin)));
            if let Some(key) = &previous {
                params = params.with("pins", &base64url::encode(key.index_secret(sin)));
            }
        }
        if self.sends_unlock_pair(command) {
            let pair = UnlockPair::generate(self.settings.identity.ilk());
            params = params.with_pair(&pair);
        }
        params = params.with_options(self.settings.options);
        match self.button {
            Some(button) => params.with("btn", &button.to_string()),
            None => params,
        }
    }

    /// Signs parameters: `ids` with the current identity's key, and `pids` with the
    /// previous identity's key if they name a `pidk`.
    ///
    /// The parameters may be altered ones.
    pub fn sign(&self, params: &ClientParams) -> Form {
        let form = Form::new(&params.encode(), self.server()).signed("ids", &self.key);
        match self.previous_key().filter(|_| params.get("pidk").is_some()) {
            Some(key) => form.signed("pids", &key),
            None => form,
        }
    }

    /// Returns the key that signs `urs` for a command, or `None` if the command needs no `urs`.
    ///
    /// `enable` and `remove` always need it. `ident` needs it if the site knows a previous
    /// identity.
    fn urs_key(&self, command: &Command) -> Result<Option<UrsKey>, Error> {
        let Some(age) = self.known_age() else {
            return Ok(None);
        };
        let iuk = self.settings.identity.iuk(age);
        let reason = match command {
            Command::Enable => "enabling an identity needs its unlock key",
            Command::Remove => "removing an identity needs its unlock key",
            Command::Ident if age > 0 => {
                "the site knows a previous identity; replacing it needs its unlock key"
            }
            // Without the unlock key, the command disables the previous identity itself.
            Command::Disable if age > 0 && iuk.is_some() => "",
            _ => return Ok(None),
        };
        let iuk = iuk.ok_or(Error::Locked { reason, source: UnlockError::Locked })?;
        let suk = self.known.suk.ok_or(Error::NoSuk)?;
        Ok(Some(UrsKey::derive(iuk, &suk)?))
    }

    /// Returns the complete next request, with all signatures that the command needs.
    ///
    /// # Errors
    /// Returns [`Error::Locked`] if the command needs a `urs` and the identity is locked, and
    /// [`Error::NoSuk`] or [`Error::WeakSuk`] if the site returned no usable `suk`.
    pub fn request(&self, command: &Command) -> Result<Form, Error> {
        let urs = self.urs_key(command)?;
        let form = self.sign(&self.params(command));
        Ok(match urs {
            Some(key) => form.signed("urs", &key),
            None => form,
        })
    }

    /// Sends a command. Retries it once, with the new nut, if the reply is a transient
    /// error (`tif` 20).
    ///
    /// # Errors
    /// Those of [`Session::post`] and [`Session::request`].
    pub async fn send(&mut self, command: &Command) -> Result<Reply, Error> {
        let form = self.request(command)?;
        let reply = self.post(form).await?;
        if !reply.has(Tif::TRANSIENT) {
            return Ok(reply);
        }
        let form = self.request(command)?;
        self.post(form).await
    }

    /// Whether the request carries a new `suk` and `vuk`: an `ident` of an identity that
    /// the site does not know, or a command that replaces a previous identity.
    fn sends_unlock_pair(&self, command: &Command) -> bool {
        match (self.known_age(), command) {
            (Some(0), _) | (_, Command::Query | Command::Other(_)) => false,
            (_, Command::Ident) => true,
            (Some(age), _) => self.settings.identity.iuk(age).is_some(),
            (None, _) => false,
        }
    }
}
