//! Rescue codes, which unlock identities.

use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

const DIGITS: usize = 24;

/// A rescue code: 24 decimal digits, about 80 bits of entropy.
///
/// Parsed with or without separators (`-` or space). Wiped from memory when dropped. `Debug`
/// hides it, and [`RescueCode::reveal`] shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct RescueCode(Zeroizing<String>);

/// A text is not a rescue code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a rescue code is 24 digits, such as 1198-8748-7132-2838-8318-7570")]
pub struct RescueCodeError;

impl RescueCode {
    /// Returns a new random rescue code. Digits are uniform and independent.
    pub fn generate() -> Self {
        let digit = || char::from(b'0' + rand::random_range(0..10_u8));
        Self(Zeroizing::new(std::iter::repeat_with(digit).take(DIGITS).collect()))
    }

    /// Returns the 24 digits without separators.
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// Returns the text to show to the owner: `1198-8748-7132-2838-8318-7570`.
    pub fn reveal(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(DIGITS + DIGITS / 4));
        for (i, digit) in self.0.chars().enumerate() {
            if i > 0 && i % 4 == 0 {
                text.push('-');
            }
            text.push(digit);
        }
        text
    }
}

impl FromStr for RescueCode {
    type Err = RescueCodeError;

    fn from_str(text: &str) -> Result<Self, RescueCodeError> {
        let mut digits = Zeroizing::new(String::with_capacity(DIGITS));
        for c in text.trim().chars() {
            match c {
                '0'..='9' if digits.len() < DIGITS => digits.push(c),
                '-' | ' ' => {}
                _ => return Err(RescueCodeError),
            }
        }
        if digits.len() == DIGITS { Ok(Self(digits)) } else { Err(RescueCodeError) }
    }
}

impl fmt::Debug for RescueCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RescueCode(secret)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn separators_are_optional() {
        let code = RescueCode::generate();
        assert_eq!(code.reveal().len(), 29);
        assert_eq!(code.reveal().parse(), Ok(code.clone()));
        assert_eq!(code.digits().parse(), Ok(code.clone()));
        assert_ne!(code, RescueCode::generate());
        for bad in ["", "1", "1198-8748-7132-2838-8318-757x", "1198-8748-7132-2838-8318-75700"] {
            assert_eq!(bad.parse::<RescueCode>(), Err(RescueCodeError));
        }
        assert!(!format!("{code:?}").contains(char::is_numeric));
    }
}
