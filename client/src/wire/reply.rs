//! Replies of a server.

use super::ask::Ask;
use super::list::{List, ListError};
use super::tif::Tif;
use crate::keys::Suk;

/// A reply of a server.
///
/// *On The Wire*, "Server-to-Client Reply".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The body, unchanged. It is the `server` field of the next request.
    pub raw: String,
    /// All lines, including unknown ones.
    pub lines: List,
    /// The nut for the next request.
    pub nut: String,
    /// The flags.
    pub tif: Tif,
    /// The path and query of the next request. It starts with `/`.
    pub qry: String,
    /// The URL that signs the browser in, if the client set `cps`.
    pub url: Option<String>,
    /// The URL for the browser if the user cancels. It replaces the `can` of the SQRL URL.
    pub can: Option<String>,
    /// The index of a secret that the next request must carry (`ins`).
    pub sin: Option<String>,
    /// The server unlock key that the site has stored.
    pub suk: Option<Suk>,
    /// A question for the user.
    pub ask: Option<Ask>,
}

/// Reasons why a body is not a valid reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// The body is empty.
    #[error("the body is empty")]
    Empty,
    /// The body is not a list of `name=value` lines.
    #[error(transparent)]
    List(#[from] ListError),
    /// A required value is missing or empty.
    #[error("{0}= is missing or empty")]
    Missing(&'static str),
    /// A value is malformed.
    #[error("{0}= is malformed")]
    Malformed(&'static str),
    /// `ver` is not the first line.
    #[error("ver= is not the first line")]
    Order,
    /// The server does not support version 1.
    #[error("the server does not support version 1 of SQRL")]
    Version,
    /// A flag is set that version 1 does not define. A client must stop at once.
    #[error("the server set flags that SQRL 1 does not define ({:x})", .0.0)]
    UndefinedTif(Tif),
}

/// The order in which tower-sqrl writes the lines.
const ORDER: [&str; 9] = ["ver", "nut", "tif", "qry", "url", "can", "sin", "suk", "ask"];

impl Reply {
    /// Parses a body strictly.
    ///
    /// # Errors
    /// Returns the first rule of the specification that the body breaks.
    pub fn parse(body: &str) -> Result<Self, ReplyError> {
        if body.is_empty() {
            return Err(ReplyError::Empty);
        }
        let lines = List::decode(body)?;
        let (first, ver) = lines.iter().next().ok_or(ReplyError::Missing("ver"))?;
        if first != "ver" {
            return Err(ReplyError::Order);
        }
        if !supports_version_1(ver).ok_or(ReplyError::Malformed("ver"))? {
            return Err(ReplyError::Version);
        }
        let tif = required(&lines, "tif")?.parse();
        let tif: Tif = tif.map_err(|_| ReplyError::Malformed("tif"))?;
        if tif.undefined() != Tif::default() {
            return Err(ReplyError::UndefinedTif(tif.undefined()));
        }
        let qry = required(&lines, "qry")?;
        // `//host` would lead to another site.
        let rooted = qry.starts_with('/') && !qry.starts_with("//");
        if !rooted || qry.contains('#') || !qry.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(ReplyError::Malformed("qry"));
        }
        let suk = lines.get("suk").map(str::parse).transpose();
        let ask = lines.get("ask").map(str::parse::<Ask>).transpose();
        let text = |name| lines.get(name).map(str::to_owned);
        Ok(Self {
            raw: body.to_owned(),
            nut: required(&lines, "nut")?.to_owned(),
            tif,
            qry: qry.to_owned(),
            url: text("url"),
            can: text("can"),
            sin: text("sin"),
            suk: suk.map_err(|_| ReplyError::Malformed("suk"))?,
            ask: ask.map_err(|_| ReplyError::Malformed("ask"))?,
            lines,
        })
    }

    /// Returns whether all of these flags are set.
    pub fn has(&self, flags: Tif) -> bool {
        self.tif.has(flags)
    }

    /// Returns how this reply differs from the form that tower-sqrl writes.
    ///
    /// That form is narrower than the specification: a fixed order of lines, `ver=1`, `tif`
    /// in lower case without leading zeros, no padding, no unknown names.
    pub fn deviations(&self) -> Vec<String> {
        let mut found = Vec::new();
        let names: Vec<_> = self.lines.iter().map(|(name, _)| name).collect();
        let expected: Vec<_> = ORDER.into_iter().filter(|n| names.contains(n)).collect();
        if names != expected {
            found.push(format!("the lines are {names:?}, not {expected:?}"));
        }
        if self.lines.get("ver") != Some("1") {
            found.push("ver is not 1".to_owned());
        }
        if self.lines.get("tif") != Some(self.tif.to_string().as_str()) {
            found.push("tif is not in lower case without leading zeros".to_owned());
        }
        if self.raw.contains('=') {
            found.push("the body is padded".to_owned());
        }
        if !self.qry.contains(&format!("nut={}", self.nut)) {
            found.push("qry does not contain the nut".to_owned());
        }
        found
    }
}

fn required<'a>(lines: &'a List, name: &'static str) -> Result<&'a str, ReplyError> {
    let value = lines.get(name).filter(|value| !value.is_empty());
    value.ok_or(ReplyError::Missing(name))
}

/// Returns whether a list of numbers and ranges (`1,3-5`) contains 1, or `None` if it is
/// malformed.
fn supports_version_1(list: &str) -> Option<bool> {
    let mut found = false;
    for part in list.split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        found |= (number(from)?..=number(to)?).contains(&1);
    }
    Some(found)
}

fn number(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::base64url::encode;

    fn parse(text: &str) -> Result<Reply, ReplyError> {
        Reply::parse(&encode(text))
    }

    const GOOD: &str = "ver=1\r\nnut=n\r\ntif=5\r\nqry=/cli.sqrl?nut=n\r\n";

    #[test]
    fn a_valid_reply_is_parsed() {
        let reply = parse(GOOD).unwrap();
        assert_eq!(reply.tif, Tif::CURRENT | Tif::IP_MATCH);
        assert_eq!(reply.raw, encode(GOOD));
        assert_eq!(reply.deviations(), Vec::<String>::new());
        assert!(parse(&format!("{GOOD}mac=x\r\n")).unwrap().lines.get("mac").is_some());
    }

    #[test]
    fn every_rule_is_enforced() {
        let bad = |from: &str, to: &str| parse(&GOOD.replace(from, to)).unwrap_err();
        assert_eq!(bad("ver=1\r\n", ""), ReplyError::Order);
        assert_eq!(bad("ver=1", "ver=2,5-9"), ReplyError::Version);
        assert_eq!(bad("ver=1", "ver=1,"), ReplyError::Malformed("ver"));
        assert_eq!(bad("ver=1", "ver="), ReplyError::Malformed("ver"));
        assert_eq!(bad("nut=n\r\ntif", "tif"), ReplyError::Missing("nut"));
        assert_eq!(bad("tif=5\r\n", ""), ReplyError::Missing("tif"));
        assert_eq!(bad("tif=5", "tif=0x5"), ReplyError::Malformed("tif"));
        assert_eq!(bad("tif=5", "tif=405"), ReplyError::UndefinedTif(Tif(0x400)));
        assert_eq!(bad("qry=/cli.sqrl?nut=n", "qry="), ReplyError::Missing("qry"));
        for qry in ["cli.sqrl", "//evil.example/x", "https://evil.example/", "/a b", "/a#b"] {
            let reply = bad("qry=/cli.sqrl?nut=n", &format!("qry={qry}"));
            assert_eq!(reply, ReplyError::Malformed("qry"), "{qry}");
        }
        assert_eq!(parse(&format!("{GOOD}suk=AA\r\n")), Err(ReplyError::Malformed("suk")));
        assert_eq!(parse(&format!("{GOOD}ask=!\r\n")), Err(ReplyError::Malformed("ask")));
        assert_eq!(Reply::parse(""), Err(ReplyError::Empty));
        assert!(Reply::parse(&(encode(GOOD) + "\r\n")).is_err());
        assert!(parse(&GOOD.replace("ver=1", "ver=1-2000000000")).is_ok());
    }

    #[test]
    fn deviations_from_the_form_of_tower_sqrl_are_found() {
        let count = |text: &str| parse(text).unwrap().deviations().len();
        assert_eq!(count(&GOOD.replace("tif=5", "tif=05")), 1);
        assert_eq!(count(&GOOD.replace("tif=5", "tif=1C0")), 1);
        assert_eq!(count(&GOOD.replace("ver=1", "ver=1,2")), 1);
        assert_eq!(count(&GOOD.replace("?nut=n", "")), 1);
        assert_eq!(count("ver=1\r\ntif=5\r\nnut=n\r\nqry=/?nut=n\r\n"), 1);
        assert_eq!(count(&format!("{GOOD}mac=x\r\n")), 1);
    }
}
