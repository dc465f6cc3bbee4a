use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use crate::telemetry::percent::percent_decode_lossy;

/// What a call carries for those further down, as key and value: the header `baggage`.
///
/// Everybody on the way can read it, and it goes to everybody that is called: put nothing into it
/// that is secret or large. At most 64 entries of together 8192 bytes travel; what is beyond is left
/// out. (W3C Baggage, section 3.3.2.)
///
/// # Examples
///
/// ```
/// use reliability::telemetry::trace::Baggage;
///
/// let baggage = Baggage::parse("tenant=acme, note=two%20words;ttl=5");
/// assert_eq!(baggage.get("note"), Some("two words"));
/// let baggage = baggage.with("region", "eu, west");
/// assert_eq!(baggage.to_string(), "tenant=acme,note=two%20words;ttl=5,region=eu%2C%20west");
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Baggage(Option<Arc<Vec<Entry>>>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    key: String,
    value: String,
    /// What stands behind the value, as it came.
    properties: String,
}

const ENTRIES_MAX: usize = 64;
const LENGTH_MAX: usize = 8192;

impl Baggage {
    /// Without entries.
    pub const fn new() -> Self {
        Self(None)
    }

    /// Reads the value of a header, or of several with commas between them. Entries that are wrong
    /// are left out; of several with one key the last one counts.
    pub fn parse(text: &str) -> Self {
        // Nobody has to read more than has to be passed on, whatever is sent.
        let mut entries: Vec<Entry> = Vec::new();
        let mut length = 0;
        for entry in text.split(',').filter_map(Entry::parse) {
            let entry_length = entry.length();
            let known = entries.iter().position(|other| other.key == entry.key);
            let before = known.map_or(0, |at| entries[at].length());
            if length - before + entry_length > LENGTH_MAX {
                continue;
            }
            match known {
                Some(at) => entries[at] = entry,
                None if entries.len() < ENTRIES_MAX => entries.push(entry),
                None => continue,
            }
            length = length - before + entry_length;
        }
        Self::of(entries)
    }

    /// The value of that key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str())
    }

    /// All of it, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries().iter().map(|entry| (entry.key.as_str(), entry.value.as_str()))
    }

    /// Whether there are no entries.
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// With this entry, instead of what the key had. A value may be any text; a key may be what a
    /// name of a header may be. An entry that has no such key, or for which there is no room, is left
    /// out.
    #[must_use]
    pub fn with(&self, key: &str, value: &str) -> Self {
        let mut entries = self.without(key).entries().to_vec();
        let entry = Entry { key: key.into(), value: value.into(), properties: String::new() };
        let length: usize = entries.iter().map(Entry::length).sum();
        let fits = entries.len() < ENTRIES_MAX && length + entry.length() <= LENGTH_MAX;
        if is_key(key) && fits {
            entries.push(entry);
        }
        Self::of(entries)
    }

    /// Without that entry.
    #[must_use]
    pub fn without(&self, key: &str) -> Self {
        Self::of(self.entries().iter().filter(|entry| entry.key != key).cloned().collect())
    }

    fn of(entries: Vec<Entry>) -> Self {
        Self((!entries.is_empty()).then(|| Arc::new(entries)))
    }

    fn entries(&self) -> &[Entry] {
        self.0.as_deref().map_or(&[], |entries| entries)
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        let (member, properties) = match text.split_once(';') {
            Some((member, properties)) => (member, properties.trim_matches(OWS)),
            None => (text, ""),
        };
        let (key, value) = member.split_once('=')?;
        let (key, value) = (key.trim_matches(OWS), value.trim_matches(OWS));
        let valid = is_key(key)
            && value.bytes().all(|byte| is_octet(byte) || byte == b'%')
            && properties.bytes().all(|byte| matches!(byte, b'\t' | 0x20..=0x7e));
        valid.then(|| Self {
            key: key.into(),
            value: percent_decode_lossy(value).into_owned(),
            properties: properties.into(),
        })
    }

    /// How long it is in the header, with a comma.
    fn length(&self) -> usize {
        let value: usize =
            self.value.bytes().map(|byte| if is_octet(byte) && byte != b'%' { 1 } else { 3 }).sum();
        let properties = if self.properties.is_empty() { 0 } else { self.properties.len() + 1 };
        self.key.len() + value + properties + 2
    }
}

const OWS: [char; 2] = [' ', '\t'];

/// A `token` of RFC 9110, section 5.6.2.
fn is_key(key: &str) -> bool {
    let any = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !key.is_empty() && key.bytes().all(any)
}

/// `baggage-octet`, section 3.3.1.3; a percent sign is one, and begins what is encoded.
const fn is_octet(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x2b | 0x2d..=0x3a | 0x3c..=0x5b | 0x5d..=0x7e)
}

impl fmt::Display for Baggage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, Entry { key, value, properties }) in self.entries().iter().enumerate() {
            f.write_str(if at == 0 { "" } else { "," })?;
            write!(f, "{key}=")?;
            for byte in value.bytes() {
                if is_octet(byte) && byte != b'%' {
                    write!(f, "{}", char::from(byte))?;
                } else {
                    write!(f, "%{byte:02X}")?;
                }
            }
            if !properties.is_empty() {
                write!(f, ";{properties}")?;
            }
        }
        Ok(())
    }
}

/// Keys only: what is carried may be about people.
impl fmt::Debug for Baggage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Baggage")?;
        f.debug_list().entries(self.iter().map(|(key, _)| key)).finish()
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use alloc::string::ToString;

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn baggage_is_read_as_the_recommendation_says() {
        let table = [
            ("", ""),
            ("key1=value1,key2=value2", "key1=value1,key2=value2"),
            (" key1 = value1 \t, key2 = value2 ", "key1=value1,key2=value2"),
            ("k=v;p1;p2=3, l=w", "k=v;p1;p2=3,l=w"),
            ("k=v; p1 ; p2 = 3 ", "k=v;p1 ; p2 = 3"),
            ("k=", "k="),
            ("k=a=b", "k=a=b"),
            ("k=%41%2c%20", "k=A%2C%20"),
            ("k=%zz%4", "k=%25zz%254"),
            ("k=%ff", "k=%EF%BF%BD"),
            ("k=1,k=2", "k=2"),
            ("novalue,ok=1", "ok=1"),
            ("=1,ok=1", "ok=1"),
            ("a b=1,ok=1", "ok=1"),
            ("a=\"1\",ok=1", "ok=1"),
            ("a=b c,ok=1", "ok=1"),
            ("a=\u{e4},ok=1", "ok=1"),
            (",,ok=1,", "ok=1"),
        ];
        for (text, expected) in table {
            assert_eq!(Baggage::parse(text).to_string(), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_beyond_the_limits_is_left_out() {
        let all: String = (0..100).map(|index| alloc::format!("k{index}=v,")).collect();
        let baggage = Baggage::parse(&all);
        assert_eq!(baggage.iter().count(), 64);
        assert_eq!(baggage.with("more", "1"), baggage);

        let large = "v".repeat(8_000);
        let baggage =
            Baggage::new().with("large", &large).with("second", &large).with("small", "1");
        assert_eq!(baggage.iter().map(|(key, _)| key).collect::<Vec<_>>(), ["large", "small"]);
        // What has to be encoded counts as it travels.
        assert!(Baggage::new().with("wide", &"\u{1f600}".repeat(700)).is_empty());
    }

    #[test]
    fn values_are_not_shown() {
        let shown = alloc::format!("{:?}", Baggage::new().with("who", "Ada"));
        assert_eq!(shown, "Baggage[\"who\"]");
    }

    proptest! {
        #[test]
        fn any_value_goes_over_the_wire(value in "\\PC{0,40}", key in "[!#-'*+.A-Z^_`a-z|~0-9-]{1,9}") {
            let baggage = Baggage::new().with(&key, &value);
            let read = Baggage::parse(&baggage.to_string());
            prop_assert_eq!(read.get(&key), Some(value.as_str()));
            prop_assert_eq!(read, baggage);
        }

        #[test]
        fn whatever_comes_stays_within_the_limits(text in "[a-c=,;% \t\"\u{e4}0-9]{0,300}") {
            let baggage = Baggage::parse(&text);
            let written = baggage.to_string();
            prop_assert!(baggage.iter().count() <= ENTRIES_MAX && written.len() <= LENGTH_MAX);
            prop_assert_eq!(Baggage::parse(&written), baggage);
        }
    }
}
