//! The `opt` words.

/// What the client asks for along with every request (`opt`). Default: only `suk`, as
/// shipped clients do.
///
/// *On The Wire*, "Client Parameters", `opt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one word of the protocol")]
pub struct Options {
    /// The client hands the signed-in session to the browser itself.
    pub cps: bool,
    /// Always give back the stored server unlock key.
    pub suk: bool,
    /// Do not compare the client's address with the browser's.
    pub noiptest: bool,
    /// Asks the site to allow no other way of signing in.
    pub sqrlonly: bool,
    /// Asks the site to allow no other way of recovery.
    pub hardlock: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { cps: false, suk: true, noiptest: false, sqrlonly: false, hardlock: false }
    }
}

impl Options {
    /// The value of `opt`; empty where nothing is asked for.
    pub fn to_value(self) -> String {
        let words = [
            (self.cps, "cps"),
            (self.suk, "suk"),
            (self.noiptest, "noiptest"),
            (self.sqrlonly, "sqrlonly"),
            (self.hardlock, "hardlock"),
        ];
        let words: Vec<_> = words.iter().filter(|(on, _)| *on).map(|(_, word)| *word).collect();
        words.join("~")
    }
}
