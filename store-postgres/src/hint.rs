/// What an announcement says: half of the wait id. Any role may listen on any channel of a
/// database, and has no business with the whole; where two ids share a half, somebody
/// looks in vain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Hint(u64);

impl Hint {
    pub(crate) fn of(wait: [u8; 16]) -> Self {
        let [half @ .., _, _, _, _, _, _, _, _] = wait;
        Self(u64::from_be_bytes(half))
    }

    pub(crate) fn to_payload(self) -> String {
        format!("{:016x}", self.0)
    }

    pub(crate) fn from_payload(payload: &str) -> Option<Self> {
        u64::from_str_radix(payload, 16).ok().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads() {
        let hint = Hint::of([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
        assert_eq!(hint.to_payload(), "0001020304050607");
        assert_eq!(Hint::from_payload("0001020304050607"), Some(hint));
        assert_eq!(Hint::from_payload("what somebody else says"), None);
    }
}
