//! `ver`: a comma-separated list of version numbers and ranges, as in `1,2,5-9`.

use super::ProtocolError;

/// The version that this server supports.
pub(super) const OURS: u64 = 1;

/// Returns whether the list contains [`OURS`]. A range of any width costs as much as a number.
///
/// # Errors
///
/// [`ProtocolError::Version`] if an item of the list is neither a number nor an ascending range.
pub(super) fn names_ours(list: &str) -> Result<bool, ProtocolError> {
    let mut found = false;
    for item in list.split(',') {
        let (first, last) = item.split_once('-').unwrap_or((item, item));
        let (first, last) = (number(first)?, number(last)?);
        if first > last {
            return Err(ProtocolError::Version);
        }
        found |= (first..=last).contains(&OURS);
    }
    Ok(found)
}

fn number(digits: &str) -> Result<u64, ProtocolError> {
    // `parse` alone accepts a leading `+`.
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ProtocolError::Version);
    }
    digits.parse().map_err(|_| ProtocolError::Version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_ranges() {
        for list in ["1", "2,1", "1,2,5-9", "0-3", "1-2000000000", "5-9,1-1", "01"] {
            assert_eq!(names_ours(list), Ok(true), "{list}");
        }
        for list in ["2", "0", "2-2000000000", "5-9,11"] {
            assert_eq!(names_ours(list), Ok(false), "{list}");
        }
        for list in
            ["", ",", "1,", "a", "+1", "-1", "1-", "9-5", "1 ", "1,x", "99999999999999999999"]
        {
            assert_eq!(names_ours(list), Err(ProtocolError::Version), "{list}");
        }
    }
}
