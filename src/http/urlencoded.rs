//! `application/x-www-form-urlencoded` (WHATWG URL §5), in queries and in forms.

use std::fmt::Write as _;

/// The media type of such a body.
pub(crate) const CONTENT_TYPE: &str = "application/x-www-form-urlencoded";

/// Most pairs of one text.
const MAX_PAIRS: usize = 1000;

/// Why a text cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error("percent-encoding that is no UTF-8")]
    Encoding,
    #[error("more than 1000 parameters")]
    TooMany,
}

/// The decoded pairs, in order.
pub(crate) fn pairs(encoded: &str) -> Result<Vec<(String, String)>, Unreadable> {
    let mut pairs = Vec::new();
    for pair in encoded.split('&').filter(|pair| !pair.is_empty()) {
        if pairs.len() == MAX_PAIRS {
            return Err(Unreadable::TooMany);
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        pairs.push((decode(name)?, decode(value)?));
    }
    Ok(pairs)
}

/// Percent-decoding with `+` for a blank; a `%` without two hex digits stands for itself.
fn decode(text: &str) -> Result<String, Unreadable> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while let Some(&byte) = bytes.get(index) {
        let escaped = bytes.get(index + 1..index + 3).filter(|_| byte == b'%').and_then(hex_byte);
        decoded.push(match (escaped, byte) {
            (Some(value), _) => value,
            (None, b'+') => b' ',
            (None, other) => other,
        });
        index += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8(decoded).map_err(|_| Unreadable::Encoding)
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u8::from_str_radix(text, 16).ok()
}

/// Everything percent-encoded but what RFC 3986 §2.3 leaves unreserved.
pub(crate) fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_again() {
        let odd = "a b+c&d=e%f/ü\r\n\"<>\u{0}";
        let encoded = percent_encoded(odd);
        assert!(encoded.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte)));
        assert_eq!(pairs(&format!("x={encoded}")), Ok(vec![("x".to_owned(), odd.to_owned())]));
    }

    #[test]
    fn forms_are_read_as_browsers_write_them() {
        let read = pairs("a=b+c%2Bd&&e&=f&g=%zz%4").expect("readable");
        let expected = [("a", "b c+d"), ("e", ""), ("", "f"), ("g", "%zz%4")];
        assert_eq!(read, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(pairs("a=%ff"), Err(Unreadable::Encoding));
        assert_eq!(pairs(&"a&".repeat(1001)), Err(Unreadable::TooMany));
    }
}
