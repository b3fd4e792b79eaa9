use std::fmt;

/// The options of a request: `opt`. An absent word is off, and unknown words are ignored.
///
/// *On The Wire*, "Client Parameters", `opt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(clippy::struct_excessive_bools, reason = "five independent words of the wire")]
pub struct Options {
    /// The client accepts that its address differs from the address that requested the SQRL URL.
    pub noiptest: bool,
    /// The owner wants no other way of signing in to the account.
    pub sqrlonly: bool,
    /// The owner wants no out-of-band recovery of the account.
    pub hardlock: bool,
    /// The client can open a URL in the browser (CPS) instead of signing in the waiting page.
    pub cps: bool,
    /// The client requests the stored server unlock key.
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
