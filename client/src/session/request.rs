//! What a well-behaved client puts into its next request.

use super::Session;
use crate::base64url;
use crate::error::Error;
use crate::identity::UnlockError;
use crate::keys::{UnlockPair, UrsKey};
use crate::wire::{ClientParams, Command, Form, Reply, Tif};

impl Session {
    /// The parameters of the next request: the current identity, the previous one if
    /// one is sent along, the secrets that a `sin` asked for, `suk` and `vuk` where the
    /// site does not know the current identity, the options, the answer to a question.
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
        if self.introduces(command) {
            let pair = UnlockPair::generate(self.client.identity().ilk());
            params = params.with_pair(&pair);
        }
        params = params.with_options(self.client.options());
        match self.button {
            Some(button) => params.with("btn", &button.to_string()),
            None => params,
        }
    }

    /// Signs parameters, which may be altered ones: `ids` by the current identity, and
    /// `pids` by the previous one where they name a `pidk`.
    pub fn sign(&self, params: &ClientParams) -> Form {
        let form = Form::new(&params.encode(), &self.server).signed("ids", &self.key);
        match self.previous_key().filter(|_| params.get("pidk").is_some()) {
            Some(key) => form.signed("pids", &key),
            None => form,
        }
    }

    /// The key for the `urs` that a command needs, as far as the site's last word tells:
    /// enable and remove always, ident when the site still knows a previous identity.
    ///
    /// # Errors
    /// The identity is locked, or the site gave no usable `suk`.
    pub fn urs_key(&self, command: &Command) -> Result<Option<UrsKey>, Error> {
        let Some(age) = self.known_age() else {
            return Ok(None);
        };
        let reason = match command {
            Command::Enable => "enabling takes more than signing in",
            Command::Remove => "removing takes more than signing in",
            Command::Ident if age > 0 => {
                "the site knows a previous identity, which has to be replaced by the current one"
            }
            // Without the keys it acts on the previous identity where it stands.
            Command::Disable if age > 0 && self.client.identity().iuk(age).is_some() => "",
            _ => return Ok(None),
        };
        let iuk = self
            .client
            .identity()
            .iuk(age)
            .ok_or(Error::Locked { reason, source: UnlockError::Locked })?;
        let suk = self.known.suk.ok_or(Error::NoSuk)?;
        Ok(Some(UrsKey::derive(iuk, &suk)?))
    }

    /// The whole next request, signed as the command needs.
    ///
    /// # Errors
    /// As [`Session::urs_key`].
    pub fn request(&self, command: &Command) -> Result<Form, Error> {
        let urs = self.urs_key(command)?;
        let form = self.sign(&self.params(command));
        Ok(match urs {
            Some(key) => form.signed("urs", &key),
            None => form,
        })
    }

    /// Sends a command, and once more with the fresh nut where the reply says that the
    /// trouble is transient (`tif` 20): a second one is final.
    ///
    /// # Errors
    /// No answer, none that a client may go on with, or the identity is locked.
    pub async fn send(&mut self, command: &Command) -> Result<Reply, Error> {
        let form = self.request(command)?;
        let reply = self.post(form).await?;
        if !reply.has(Tif::TRANSIENT) {
            return Ok(reply);
        }
        let form = self.request(command)?;
        self.post(form).await
    }

    /// The age of the identity that the site knows.
    pub(super) fn known_age(&self) -> Option<usize> {
        if self.known.tif.has(Tif::CURRENT) {
            Some(0)
        } else if self.known.tif.has(Tif::PREVIOUS) {
            Some(self.age)
        } else {
            None
        }
    }

    /// Whether the command tells the site the current identity's `suk` and `vuk`: an
    /// ident that it does not know it by, and a command that replaces a previous one.
    fn introduces(&self, command: &Command) -> bool {
        match (self.known_age(), command) {
            (Some(0), _) | (_, Command::Query | Command::Other(_)) => false,
            (_, Command::Ident) => true,
            (Some(age), _) => self.client.identity().iuk(age).is_some(),
            (None, _) => false,
        }
    }
}
