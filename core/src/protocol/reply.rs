use super::{Ask, Nut, Suk, Tif, lines, version};

/// A reply to a client: `ver nut tif qry [url] [can] [sin] [suk] [ask]`.
///
/// *On The Wire*, "Server Parameters".
#[derive(Debug)]
pub struct Reply<'a> {
    /// The nut for the client's next request.
    pub nut: Nut,
    /// The result of the request.
    pub tif: Tif,
    /// The path of the next request, from the root, without the nut.
    pub path: &'a str,
    /// The absolute URL that the client opens in the browser after success with `cps`.
    pub url: Option<&'a str>,
    /// The URL that the client opens in the browser if the user cancels.
    pub can: Option<&'a str>,
    /// The name of the indexed secret that the server requests.
    pub sin: Option<&'a str>,
    /// The stored server unlock key.
    pub suk: Option<Suk>,
    /// A question to the user.
    pub ask: Option<&'a Ask>,
}

impl Reply<'_> {
    /// Returns the lines of the reply. The wire, and the client's next `server` value, carry them as
    /// base64url.
    pub fn to_lines(&self) -> String {
        let mut list = String::with_capacity(256);
        // Writing to a string cannot fail.
        let _ = self.write(&mut list);
        list
    }

    fn write(&self, list: &mut String) -> std::fmt::Result {
        lines::write(list, "ver", version::OURS)?;
        lines::write(list, "nut", self.nut)?;
        lines::write(list, "tif", self.tif)?;
        lines::write(list, "qry", format_args!("{}?nut={}", self.path, self.nut))?;
        for (name, value) in [("url", self.url), ("can", self.can), ("sin", self.sin)] {
            if let Some(value) = value {
                lines::write(list, name, value)?;
            }
        }
        self.suk.map_or(Ok(()), |suk| lines::write(list, "suk", suk))?;
        self.ask.map_or(Ok(()), |ask| lines::write(list, "ask", ask))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_in_its_place() {
        let nut = Nut::from_bytes([0; 16]);
        let ask = Ask::new("Now?").expect("short");
        let reply = Reply {
            nut,
            tif: Tif::ID_MATCH | Tif::IPS_MATCH,
            path: "/auth/cli.sqrl",
            url: Some("https://example.com/cps.sqrl?x"),
            can: Some("https://example.com/"),
            sin: Some("0"),
            suk: Some(Suk::from_bytes([0; 32])),
            ask: Some(&ask),
        };
        let suk = "A".repeat(43);
        assert_eq!(
            reply.to_lines(),
            format!(
                "ver=1\r\nnut={nut}\r\ntif=5\r\nqry=/auth/cli.sqrl?nut={nut}\r\n\
                 url=https://example.com/cps.sqrl?x\r\ncan=https://example.com/\r\n\
                 sin=0\r\nsuk={suk}\r\nask=Tm93Pw\r\n"
            )
        );
    }

    #[test]
    fn flags_have_no_prefix_and_no_leading_zeros() {
        for (tif, text) in [
            (Tif::NONE, "0"),
            (Tif::REFUSED | Tif::IPS_MATCH, "c4"),
            (Tif::REFUSED | Tif::BAD_ID_ASSOCIATION, "1c0"),
            (Tif::SUPERSEDED | Tif::FAILED | Tif::IPS_MATCH, "244"),
        ] {
            assert_eq!(tif.to_string(), text);
        }
    }
}
