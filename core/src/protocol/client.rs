use std::collections::HashSet;
use std::fmt;

use super::{
    Button, Command, Idk, IndexedSecret, Options, ProtocolError, Suk, Vuk, lines, version,
};

/// The decoded `client` value: the command and its parameters.
///
/// The values are unverified. A [`Request`](super::Request) contains verified ones.
///
/// *On The Wire*, "Client Parameters".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientParams {
    /// `cmd`.
    pub command: Command,
    /// `idk`.
    pub idk: Idk,
    /// `pidk`.
    pub pidk: Option<Idk>,
    /// `ins`.
    pub ins: Option<IndexedSecret>,
    /// `pins`.
    pub pins: Option<IndexedSecret>,
    /// `suk`.
    pub suk: Option<Suk>,
    /// `vuk`: canonical and of large order.
    pub vuk: Option<Vuk>,
    /// `opt`.
    pub options: Options,
    /// `btn`.
    pub button: Option<Button>,
}

impl ClientParams {
    /// Returns the list in the specification's order, as a client of version 1 writes it. It contains the
    /// indexed secrets.
    pub fn to_list(&self) -> zeroize::Zeroizing<String> {
        zeroize::Zeroizing::new(Written(self).to_string())
    }

    /// Parses the list. The order is free, and unknown names are ignored.
    ///
    /// # Errors
    ///
    /// A [`ProtocolError`] if `ver`, `cmd` or `idk` is missing, a name occurs twice, no version is common,
    /// or a value is malformed.
    pub fn parse(list: &[u8]) -> Result<Self, ProtocolError> {
        let list = std::str::from_utf8(list).map_err(|_| ProtocolError::Lines)?;
        let mut speaks_ours = None;
        let (mut command, mut idk, mut pidk, mut ins, mut pins) = (None, None, None, None, None);
        let (mut suk, mut vuk, mut options, mut button) = (None, None, None, None);
        // Allocates only if there are unknown names.
        let mut unknown = HashSet::new();

        for line in lines::parse(list) {
            let (name, value) = line?;
            match name {
                "ver" => once(&mut speaks_ours, version::names_ours(value)?)?,
                "cmd" => once(&mut command, Command::parse(value))?,
                "idk" => once(&mut idk, value.parse()?)?,
                "pidk" => once(&mut pidk, value.parse()?)?,
                "ins" => once(&mut ins, IndexedSecret::parse(value)?)?,
                "pins" => once(&mut pins, IndexedSecret::parse(value)?)?,
                "suk" => once(&mut suk, value.parse()?)?,
                "vuk" => once(&mut vuk, value.parse()?)?,
                "opt" => once(&mut options, Options::parse(value))?,
                "btn" => once(&mut button, Button::parse(value)?)?,
                _ if unknown.insert(name) => {}
                _ => return Err(ProtocolError::Twice),
            }
        }

        if !speaks_ours.ok_or(ProtocolError::Missing("ver"))? {
            return Err(ProtocolError::NoCommonVersion);
        }
        Ok(Self {
            command: command.ok_or(ProtocolError::Missing("cmd"))?,
            idk: idk.ok_or(ProtocolError::Missing("idk"))?,
            pidk,
            ins,
            pins,
            suk,
            vuk,
            options: options.unwrap_or_default(),
            button,
        })
    }
}

/// Sets a value, which must not be set already.
pub(super) fn once<T>(slot: &mut Option<T>, value: T) -> Result<(), ProtocolError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(ProtocolError::Twice),
    }
}

/// Formats the list. `ClientParams` has no `Display`, so that nobody writes an indexed secret by
/// accident.
struct Written<'a>(&'a ClientParams);

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use super::base64url::encode;

        let Self(params) = self;
        lines::write(f, "ver", version::OURS)?;
        lines::write(f, "cmd", params.command)?;
        lines::write(f, "idk", params.idk)?;
        params.pidk.map_or(Ok(()), |pidk| lines::write(f, "pidk", pidk))?;
        if let Some(ins) = &params.ins {
            lines::write(f, "ins", encode(ins.expose()))?;
        }
        if let Some(pins) = &params.pins {
            lines::write(f, "pins", encode(pins.expose()))?;
        }
        params.suk.map_or(Ok(()), |suk| lines::write(f, "suk", suk))?;
        params.vuk.map_or(Ok(()), |vuk| lines::write(f, "vuk", vuk))?;
        if params.options != Options::default() {
            lines::write(f, "opt", params.options)?;
        }
        params.button.map_or(Ok(()), |button| lines::write(f, "btn", button.digit()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::base64url;
    use super::*;

    const IDK: &str = "QQ5kaUUDw6Hd7jDJkPCFFEizlQ92SpVU_YMeheJrY_c";

    fn parse(list: &str) -> Result<ClientParams, ProtocolError> {
        ClientParams::parse(list.as_bytes())
    }

    /// Figure 3 of "On The Wire".
    #[test]
    fn the_figure_of_the_specification_byte_for_byte() {
        let client = "dmVyPTENCmNtZD1xdWVyeQ0KaWRrPWlnZ2N1X2UtdFdxM3NvZ2FhMmFBRENzeFJaRUQ5b245S\
                      DcxNlRBeVBSMHcNCnBpZGs9RTZRczJnWDdXLVB3aTlZM0tBbWJrdVlqTFNXWEN0S3lCY3ltV2xvSEF1bw0K\
                      b3B0PWNwc35zdWsNCg";
        let params = base64url::decode(client).and_then(|list| ClientParams::parse(&list));
        let params = params.expect("the specification's own sample");
        assert_eq!(params.command, Command::Query);
        assert!(params.options.cps && params.options.suk && params.pidk.is_some());
        assert_eq!(base64url::encode(&*params.to_list()), client);
    }

    /// The more extensive list of "Client Parameters".
    #[test]
    fn the_extensive_list_of_the_specification_byte_for_byte() {
        let list = format!(
            "ver=1\r\ncmd=ident\r\nidk={IDK}\r\n\
             pidk=iCoWeOOqtWZENJGlfQ9IImMC0_1kU-AtlzOngAWANmI\r\n\
             ins=vbmaT9oXjNNDp6ti-TxCE6xIlO36q4EyvjZjhrOmlQY\r\n\
             pins=a45mOg3N19D8p_ZVu_j8lACQlHEbTJFy2dQjUd6xvM0\r\n\
             suk=j-NEB3cbsYiW5YlLqi_Lva_N0QVVPMrIU2zny_ickCw\r\n\
             vuk=q7udgqKKuY0ggdlxC0sdOiv5ySOtWh1ubtCZSXafOpQ\r\n\
             opt=cps~suk\r\n"
        );
        assert_eq!(parse(&list).map(|params| params.to_list().to_string()), Ok(list));
    }

    #[test]
    fn what_shipped_clients_send() {
        let params = parse(&format!("cmd=ident\r\nidk={IDK}\r\nopt=x~suk\r\nver=1,5-9\r\nnew=1"));
        let params = params.expect("any order, unknown names, no last CRLF");
        assert_eq!(params.command, Command::Ident);
        assert_eq!(params.options, Options { suk: true, ..Options::default() });
    }

    #[test]
    fn what_is_missing_or_twice_is_refused() {
        for (list, error) in [
            (format!("cmd=query\r\nidk={IDK}"), ProtocolError::Missing("ver")),
            (format!("ver=1\r\nidk={IDK}"), ProtocolError::Missing("cmd")),
            ("ver=1\r\ncmd=query".to_owned(), ProtocolError::Missing("idk")),
            (format!("ver=2\r\ncmd=query\r\nidk={IDK}"), ProtocolError::NoCommonVersion),
            (format!("ver=1\r\nver=1\r\ncmd=query\r\nidk={IDK}"), ProtocolError::Twice),
            (format!("ver=1\r\ncmd=query\r\nidk={IDK}\r\nidk={IDK}"), ProtocolError::Twice),
            (format!("ver=1\r\ncmd=query\r\nidk={IDK}\r\nx=1\r\nx=2"), ProtocolError::Twice),
            (format!("ver=1\r\ncmd=query\r\nidk={IDK}\r\nbtn=4"), ProtocolError::Button),
            (format!("ver=1\r\ncmd=query\r\nidk={IDK}A"), ProtocolError::Length),
            (
                format!("ver=1\r\ncmd=query\r\nidk={IDK}\r\nvuk={}", "A".repeat(43)),
                ProtocolError::WeakKey,
            ),
        ] {
            assert_eq!(parse(&list), Err(error), "{list}");
        }
        assert_eq!(ClientParams::parse(b"ver=1\xFF"), Err(ProtocolError::Lines));
    }
}
