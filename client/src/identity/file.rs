//! Identity files.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::keyring::{Identity, Keys, MAX_PREVIOUS};
use super::sealed::Sealed;
use crate::base64url::{self, DecodeError};
use crate::keys::{Ilk, Imk};

const FORMAT: &str = "tower-sqrl-client identity 1";
const NOTE: &str = "For tests and demonstrations, not a wallet: anyone who reads imk can sign \
                    in as this identity. Only `sealed` is encrypted, under the rescue code.";

/// The JSON format. Keys and bytes are base64url. Previous identities are newest first.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    note: String,
    current: FileKeys,
    previous: Vec<FileKeys>,
    sealed: FileSealed,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileKeys {
    imk: Zeroizing<String>,
    ilk: Zeroizing<String>,
}

/// The unlock keys, encrypted with AES-256-GCM. The key is the `EnScrypt` (N=512, r=256,
/// p=1, `rounds`) of the rescue code's digits with `salt`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileSealed {
    salt: String,
    rounds: u32,
    nonce: String,
    data: String,
}

/// Reasons why an identity file cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// The file system reported an error.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The file is not JSON of the right structure.
    #[error("not an identity file: {0}")]
    Json(#[from] serde_json::Error),
    /// A key or another value is malformed.
    #[error("not an identity file: {0}")]
    Value(#[from] DecodeError),
    /// The file has another format, or too many previous identities.
    #[error("not an identity file of the format `{FORMAT}`")]
    Format,
    /// The identity is not sealed.
    #[error("the identity is not sealed; seal it under a rescue code before saving it")]
    NotSealed,
}

impl Identity {
    /// Reads an identity from a file. It is locked.
    ///
    /// # Errors
    /// See [`FileError`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let json = Zeroizing::new(std::fs::read(path)?);
        let file: File = serde_json::from_slice(&json)?;
        if file.format != FORMAT || file.previous.len() > MAX_PREVIOUS {
            return Err(FileError::Format);
        }
        let keys = std::iter::once(&file.current).chain(&file.previous);
        Ok(Self {
            keys: keys.map(FileKeys::read).collect::<Result<_, _>>()?,
            sealed: Some(Sealed {
                salt: base64url::decode_array(&file.sealed.salt)?,
                rounds: file.sealed.rounds,
                nonce: base64url::decode_array(&file.sealed.nonce)?,
                data: base64url::decode(&file.sealed.data)?,
            }),
        })
    }

    /// Writes a sealed identity to a new file that only its owner can read (mode 0600).
    ///
    /// # Errors
    /// See [`FileError`]. Returns [`FileError::Io`] if the file exists.
    pub fn create(&self, path: impl AsRef<Path>) -> Result<(), FileError> {
        let json = self.to_json()?;
        Ok(write_new(path.as_ref(), &json)?)
    }

    /// Writes a sealed identity and replaces the file if it exists. The replacement is
    /// atomic: after a crash, the file holds the old version or the new one.
    ///
    /// # Errors
    /// See [`FileError`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), FileError> {
        let (path, json) = (path.as_ref(), self.to_json()?);
        let mut name = path.as_os_str().to_owned();
        name.push(".new");
        let new = Path::new(&name);
        match std::fs::remove_file(new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        write_new(new, &json)?;
        Ok(std::fs::rename(new, path)?)
    }

    fn to_json(&self) -> Result<Zeroizing<Vec<u8>>, FileError> {
        let sealed = self.sealed.as_ref().ok_or(FileError::NotSealed)?;
        let mut keys = self.keys.iter().map(FileKeys::write);
        let file = File {
            format: FORMAT.to_owned(),
            note: NOTE.to_owned(),
            current: keys.next().ok_or(FileError::Format)?,
            previous: keys.collect(),
            sealed: FileSealed {
                salt: base64url::encode(sealed.salt),
                rounds: sealed.rounds,
                nonce: base64url::encode(sealed.nonce),
                data: base64url::encode(&sealed.data),
            },
        };
        Ok(Zeroizing::new(serde_json::to_vec_pretty(&file)?))
    }
}

impl FileKeys {
    fn read(&self) -> Result<Keys, DecodeError> {
        Ok(Keys {
            imk: Imk::from_bytes(base64url::decode_array(self.imk.as_bytes())?),
            ilk: Ilk::from_bytes(base64url::decode_array(self.ilk.as_bytes())?),
            iuk: None,
        })
    }

    fn write(keys: &Keys) -> Self {
        Self {
            imk: Zeroizing::new(base64url::encode(keys.imk.as_bytes())),
            ilk: Zeroizing::new(base64url::encode(keys.ilk.as_bytes())),
        }
    }
}

fn write_new(path: &Path, json: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(json)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::identity::{RescueCode, UnlockError};
    use crate::keys::Iuk;

    #[test]
    fn identities_survive_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("identity.json");
        let code = RescueCode::generate();
        let mut identity = Identity::from_seed([1; 32]).with_previous([Iuk::from_bytes([2; 32])]);
        assert!(matches!(identity.create(&path), Err(FileError::NotSealed)));
        identity.seal(&code).unwrap();
        identity.create(&path).unwrap();
        assert!(matches!(identity.create(&path), Err(FileError::Io(_))));
        identity.save(&path).unwrap();

        let mut loaded = Identity::load(&path).unwrap();
        assert!(!loaded.is_unlocked());
        assert_eq!(loaded.rekey().unwrap_err(), UnlockError::Locked);
        let other = RescueCode::generate();
        assert_eq!(loaded.unlock(&other), Err(UnlockError::WrongCode));
        loaded.unlock(&code).unwrap();
        assert_eq!(loaded.iuk(0), Some(&Iuk::from_bytes([1; 32])));
        assert_eq!(loaded.iuk(1), Some(&Iuk::from_bytes([2; 32])));

        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains(&base64url::encode([1; 32])));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }

        // A replaced master key makes unlocking fail.
        let imk = base64url::encode(Iuk::from_bytes([1; 32]).imk().as_bytes());
        let mallory = base64url::encode(Iuk::from_bytes([9; 32]).imk().as_bytes());
        assert!(text.contains(&imk));
        std::fs::write(&path, text.replace(&imk, &mallory)).unwrap();
        let mut altered = Identity::load(&path).unwrap();
        assert_eq!(altered.unlock(&code), Err(UnlockError::WrongCode));
    }
}
