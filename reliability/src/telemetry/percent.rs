use alloc::string::String;
use alloc::vec::Vec;

/// The text with each `%` and two hexadecimal digits replaced by the byte they mean, as in
/// [RFC 3986, section 2.1](https://www.rfc-editor.org/rfc/rfc3986#section-2.1); `None` when a `%`
/// has no such digits, or when the bytes are no UTF-8.
pub(crate) fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        let value = digit()? * 16 + digit()?;
        bytes.push(u8::try_from(value).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::percent_decode;

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
}
