//! The slots of a cluster: which node serves which keys.

use std::collections::BTreeMap;

use redis::Value;

/// The number of slots.
pub(crate) const SLOTS: u16 = 16_384;

/// A node's host and port, as the cluster names it.
pub(crate) type Address = (String, u16);

/// The masters of the ranges of slots, as one node reports them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Slots {
    /// By first slot: the last slot and the master.
    ranges: BTreeMap<u16, (u16, Address)>,
}

impl Slots {
    /// Reads the reply to `CLUSTER SLOTS` of the node at `host`.
    pub(crate) fn read(reply: &Value, host: &str) -> Option<Self> {
        let Value::Array(entries) = reply else { return None };
        let mut ranges = BTreeMap::new();
        for entry in entries {
            let Value::Array(entry) = entry else { return None };
            let [Value::Int(first), Value::Int(last), Value::Array(master), ..] = &entry[..] else {
                return None;
            };
            let [name, Value::Int(port), ..] = &master[..] else { return None };
            let name = match name {
                Value::BulkString(name) => std::str::from_utf8(name).ok()?,
                Value::SimpleString(name) => name,
                // The node does not know its own name.
                Value::Nil => "",
                _ => return None,
            };
            let name = if name.is_empty() { host } else { name };
            let address = (name.to_owned(), u16::try_from(*port).ok()?);
            ranges.insert(u16::try_from(*first).ok()?, (u16::try_from(*last).ok()?, address));
        }
        Some(Self { ranges })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    pub(crate) fn master_of(&self, slot: u16) -> Option<&Address> {
        let (_, (last, master)) = self.ranges.range(..=slot).next_back()?;
        (slot <= *last).then_some(master)
    }

    pub(crate) fn masters(&self) -> impl Iterator<Item = &Address> {
        self.ranges.values().map(|(_, master)| master)
    }
}

/// The slot of a key: that of the text between its first braces, if there is any, or of the whole key.
pub(crate) fn slot_of(key: &[u8]) -> u16 {
    let tag = || {
        let (_, behind) = split_once(key, b'{')?;
        let (tag, _) = split_once(behind, b'}')?;
        (!tag.is_empty()).then_some(tag)
    };
    crc16(tag().unwrap_or(key)) % SLOTS
}

fn split_once(bytes: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|&byte| byte == at)?;
    Some((&bytes[..at], &bytes[at + 1..]))
}

/// CRC-16/XMODEM, as in the specification of Redis Cluster.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, &byte| {
        (0..8).fold(crc ^ (u16::from(byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specification_s_sample() {
        assert_eq!(crc16(b"123456789"), 0x31C3);
    }

    #[test]
    fn hash_tags() {
        assert_eq!(slot_of(b"{user1000}.following"), slot_of(b"user1000"));
        assert_eq!(slot_of(b"foo{{bar}}zap"), slot_of(b"{bar"));
        assert_eq!(slot_of(b"foo{bar}{zap}"), slot_of(b"bar"));
        // Nothing between the first braces, or no second brace: the whole key.
        assert_eq!(slot_of(b"foo{}{bar}"), crc16(b"foo{}{bar}") % SLOTS);
        assert_eq!(slot_of(b"foo{bar"), crc16(b"foo{bar") % SLOTS);
        assert_eq!(slot_of(b"sqrl:nut:"), crc16(b"sqrl:nut:") % SLOTS);
    }

    fn node(name: Value, port: i64) -> Value {
        Value::Array(vec![name, Value::Int(port), Value::BulkString(b"id".to_vec())])
    }

    fn entry(first: i64, last: i64, master: Value) -> Value {
        let replica = node(Value::BulkString(b"replica".to_vec()), 1);
        Value::Array(vec![Value::Int(first), Value::Int(last), master, replica])
    }

    #[test]
    fn ranges() {
        let named = node(Value::BulkString(b"a".to_vec()), 7001);
        let reply = Value::Array(vec![
            entry(100, 200, named),
            entry(0, 50, node(Value::Nil, 7002)),
            entry(51, 51, node(Value::BulkString(Vec::new()), 7003)),
        ]);
        let slots = Slots::read(&reply, "asked").unwrap();
        let master = |slot| slots.master_of(slot).map(|(host, port)| (host.as_str(), *port));
        assert_eq!(master(0), Some(("asked", 7002)));
        assert_eq!(master(50), Some(("asked", 7002)));
        assert_eq!(master(51), Some(("asked", 7003)));
        assert_eq!(master(52), None);
        assert_eq!(master(100), Some(("a", 7001)));
        assert_eq!(master(200), Some(("a", 7001)));
        assert_eq!(master(201), None);
        assert_eq!(slots.masters().count(), 3);
    }

    #[test]
    fn anything_else_is_refused() {
        let bad = [
            Value::Nil,
            Value::Array(vec![Value::Int(1)]),
            Value::Array(vec![entry(-1, 5, node(Value::Nil, 1))]),
            Value::Array(vec![entry(0, 70_000, node(Value::Nil, 1))]),
            Value::Array(vec![entry(0, 5, node(Value::Nil, 70_000))]),
            Value::Array(vec![entry(0, 5, node(Value::Int(1), 1))]),
            Value::Array(vec![entry(0, 5, Value::Array(Vec::new()))]),
        ];
        for reply in bad {
            assert_eq!(Slots::read(&reply, "asked"), None, "{reply:?}");
        }
    }
}
