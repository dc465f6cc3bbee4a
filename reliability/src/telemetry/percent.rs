//! What stands for a byte as `%` and two hexadecimal digits, by
//! [RFC 3986, section 2.1](https://www.rfc-editor.org/rfc/rfc3986#section-2.1).

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

/// The text with each of them replaced by the byte that it means, for what somebody has configured:
/// `None` when a `%` has no such digits, or when the bytes are no UTF-8.
pub(crate) fn percent_decode(text: &str) -> Option<String> {
    let (bytes, all) = decode(text);
    String::from_utf8(bytes).ok().filter(|_| all)
}

/// The same for what comes from others: a `%` that two digits do not follow is itself, and what is no
/// UTF-8 becomes a replacement character.
pub(crate) fn percent_decode_lossy(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    Cow::Owned(String::from_utf8_lossy(&decode(text).0).into_owned())
}

/// The bytes, and whether each `%` had its digits.
fn decode(text: &str) -> (Vec<u8>, bool) {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut decoded = Vec::with_capacity(bytes.len());
    let (mut at, mut all) = (0, true);
    while let Some(byte) = bytes.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                all &= *byte != b'%';
                decoded.push(*byte);
                at += 1;
            }
        }
    }
    (decoded, all)
}

#[cfg(test)]
mod tests {
    use super::{percent_decode, percent_decode_lossy};

    #[test]
    fn what_is_written_with_percent_signs_is_read() {
        let cases = [
            ("plain", Some("plain")),
            ("a%2Cb%3d%25", Some("a,b=%")),
            ("%C3%A4", Some("ä")),
            ("%", None),
            ("%4", None),
            ("%zz", None),
            ("%+1", None),
            ("%ff", None),
        ];
        for (written, meant) in cases {
            assert_eq!(percent_decode(written).as_deref(), meant, "{written}");
        }
    }

    #[test]
    fn what_others_write_is_read_as_far_as_it_goes() {
        let cases = [
            ("plain", "plain"),
            ("a%2Cb%3d%25", "a,b=%"),
            ("%", "%"),
            ("%4", "%4"),
            ("%zz%41", "%zzA"),
            ("%+1", "%+1"),
            ("%ff", "\u{fffd}"),
        ];
        for (written, meant) in cases {
            assert_eq!(percent_decode_lossy(written), meant, "{written}");
        }
    }
}
