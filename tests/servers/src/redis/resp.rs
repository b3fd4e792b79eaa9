//! A minimal client for RESP, the Redis protocol.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Debug, PartialEq)]
pub(crate) enum Reply {
    /// A simple or bulk string, or an integer.
    Text(String),
    Nil,
    Error(String),
    Array(Vec<Self>),
}

impl Reply {
    pub(crate) fn text(self) -> Option<String> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) fn array(self) -> Option<Vec<Self>> {
        if let Self::Array(elements) = self { Some(elements) } else { None }
    }

    pub(crate) fn into_result(self) -> Result<String, String> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Nil => Ok(String::new()),
            Self::Error(error) => Err(error),
            Self::Array(elements) => {
                let lines: Result<Vec<_>, _> =
                    elements.into_iter().map(Self::into_result).collect();
                Ok(lines?.join("\n"))
            }
        }
    }

    fn read(from: &mut impl BufRead) -> io::Result<Self> {
        let mut line = String::new();
        from.read_line(&mut line)?;
        let invalid = || io::Error::new(io::ErrorKind::InvalidData, format!("not RESP: {line:?}"));
        let line = line.strip_suffix("\r\n").ok_or_else(invalid)?;
        let (kind, rest) = line.split_at_checked(1).ok_or_else(invalid)?;
        match kind {
            "+" | ":" => Ok(Self::Text(rest.to_owned())),
            "-" => Ok(Self::Error(rest.to_owned())),
            "$" | "*" if rest == "-1" => Ok(Self::Nil),
            "$" => {
                let length: usize = rest.parse().map_err(|_| invalid())?;
                let mut bytes = vec![0; length + 2];
                from.read_exact(&mut bytes)?;
                bytes.truncate(length);
                Ok(Self::Text(String::from_utf8_lossy(&bytes).into_owned()))
            }
            "*" => {
                let length: usize = rest.parse().map_err(|_| invalid())?;
                (0..length).map(|_| Self::read(from)).collect::<io::Result<_>>().map(Self::Array)
            }
            _ => Err(invalid()),
        }
    }
}

/// Sends one command to the server on `port` of 127.0.0.1 and reads its reply.
pub(crate) fn command(port: u16, words: &[&str]) -> io::Result<Reply> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let mut request = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        write!(request, "${}\r\n{word}\r\n", word.len())?;
    }
    stream.write_all(&request)?;
    Reply::read(&mut BufReader::new(stream))
}

/// Whether the server's `INFO section` contains all these lines.
pub(crate) fn info_contains(port: u16, section: &str, lines: &[&str]) -> bool {
    let Ok(Reply::Text(info)) = command(port, &["INFO", section]) else {
        return false;
    };
    lines.iter().all(|line| info.lines().any(|found| found == *line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_of_every_kind() {
        let mut wire = "*4\r\n$4\r\na\r\nb\r\n:7\r\n$-1\r\n*1\r\n+OK\r\n".as_bytes();
        let reply = Reply::read(&mut wire).expect("a reply");
        assert_eq!(reply.into_result(), Ok("a\r\nb\n7\n\nOK".to_owned()));
        let refused = Reply::read(&mut "-ERR no\r\n".as_bytes()).expect("a reply");
        assert_eq!(refused.into_result(), Err("ERR no".to_owned()));
        for broken in ["", "\r\n", "?\r\n", "$x\r\n", "$5\r\na\r\n", "+cut off"] {
            assert!(Reply::read(&mut broken.as_bytes()).is_err(), "{broken:?}");
        }
    }
}
