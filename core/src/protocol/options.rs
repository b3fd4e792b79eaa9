use std::fmt;

/// The words of `opt`. Absent means off; words that version 1 does not have are ignored.
///
/// *On The Wire*, "Client Parameters", `opt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(clippy::struct_excessive_bools, reason = "five independent words of the wire")]
pub struct Options {
    /// Answer although my address differs from the one that asked for the link.
    pub noiptest: bool,
    /// Let no other way of signing in touch this account.
    pub sqrlonly: bool,
    /// Let no out-of-band recovery touch this account.
    pub hardlock: bool,
    /// I can hand the browser a URL: give me one instead of signing in the page.
    pub cps: bool,
    /// Send me the stored server unlock key.
    pub suk: bool,
}

impl Options {
    pub(super) fn parse(words: &str) -> Self {
        let mut options = Self::default();
        for word in words.split('~') {
            match word {
                "noiptest" => options.noiptest = true,
                "sqrlonly" => options.sqrlonly = true,
                "hardlock" => options.hardlock = true,
                "cps" => options.cps = true,
                "suk" => options.suk = true,
                _ => {}
            }
        }
        options
    }
}

/// The words that are on, joined by `~`.
impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [
            (self.noiptest, "noiptest"),
            (self.sqrlonly, "sqrlonly"),
            (self.hardlock, "hardlock"),
            (self.cps, "cps"),
            (self.suk, "suk"),
        ];
        let mut on = words.into_iter().filter_map(|(on, word)| on.then_some(word));
        if let Some(first) = on.next() {
            f.write_str(first)?;
        }
        on.try_for_each(|word| write!(f, "~{word}"))
    }
}
