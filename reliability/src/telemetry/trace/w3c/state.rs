use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;

/// What vendors add to a trace, as key and value: the header `tracestate`.
///
/// It is passed on as it came, up to 32 entries. An entry that is added or changed moves to the
/// front. (W3C Trace Context level 2, section 3.3.)
///
/// # Examples
///
/// ```
/// use reliability::telemetry::trace::TraceState;
///
/// let state = TraceState::parse("congo=t61rcWkgMzE, rojo=00f067aa0ba902b7").unwrap();
/// assert_eq!(state.get("rojo"), Some("00f067aa0ba902b7"));
/// let state = state.with("rojo", "1").unwrap();
/// assert_eq!(state.to_string(), "rojo=1,congo=t61rcWkgMzE");
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TraceState(Option<Arc<str>>);

/// More entries than these are not passed on.
const ENTRIES_MAX: usize = 32;
const KEY_MAX: usize = 256;
const VALUE_MAX: usize = 256;
/// Everybody has to pass on this much. From what is longer, long entries go first.
const LENGTH_MAX: usize = 512;
const ENTRY_LONG: usize = 128;

/// Our entry: whoever sent it decides when its local root ends.
const OWN_KEY: &str = "reliability";
const UNDECIDED: &str = "undecided";

impl TraceState {
    /// Without entries.
    pub const fn new() -> Self {
        Self(None)
    }

    /// Reads the value of a header, or of several with commas between them. `None` when one entry
    /// is wrong, or a key is there twice: then all of it has to be thrown away.
    pub fn parse(text: &str) -> Option<Self> {
        let entries = || text.split(',').map(|entry| entry.trim_matches([' ', '\t']));
        let mut count = 0;
        let mut written = String::new();
        for (at, entry) in entries().enumerate().filter(|(_, entry)| !entry.is_empty()) {
            let (key, value) = entry.split_once('=')?;
            count += 1;
            let again = || {
                entries().take(at).any(|other| other.split_once('=').is_some_and(|o| o.0 == key))
            };
            if count > ENTRIES_MAX || !is_key(key) || !is_value(value) || again() {
                return None;
            }
            push(&mut written, key, value);
        }
        Some(Self::from_written(written))
    }

    /// The value of that key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter().find(|(other, _)| *other == key).map(|(_, value)| value)
    }

    /// The entries in their order: what was changed last comes first.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.as_str().split(',').filter_map(|entry| entry.split_once('='))
    }

    /// The header's value.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or("")
    }

    /// Whether there are no entries.
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// With this entry in front, instead of what the key had. Where there are too many or they are
    /// too long, the last ones go, and before them those that are longer than 128 characters.
    ///
    /// `None` when key or value has a character that may not be there, or is longer than 256.
    pub fn with(&self, key: &str, value: &str) -> Option<Self> {
        (is_key(key) && is_value(value)).then(|| self.with_valid(key, value))
    }

    /// Without that entry.
    #[must_use]
    pub fn without(&self, key: &str) -> Self {
        let mut written = String::new();
        self.iter().filter(|(k, _)| *k != key).for_each(|(k, v)| push(&mut written, k, v));
        Self::from_written(written)
    }

    fn with_valid(&self, key: &str, value: &str) -> Self {
        let mut written = String::new();
        push(&mut written, key, value);
        let others = || self.iter().filter(|(k, _)| *k != key);
        let length = |(k, v): (&str, &str)| k.len() + v.len() + 2;
        let all: usize = written.len() + others().map(length).sum::<usize>();
        let only_short = all > LENGTH_MAX;
        for (k, v) in others().take(ENTRIES_MAX - 1) {
            let long = length((k, v)) > ENTRY_LONG + 1;
            if !only_short || (!long && written.len() + length((k, v)) <= LENGTH_MAX) {
                push(&mut written, k, v);
            }
        }
        Self::from_written(written)
    }

    fn from_written(written: String) -> Self {
        Self((!written.is_empty()).then(|| written.into()))
    }

    /// Whether the sender decides later what it keeps.
    pub(crate) fn says_undecided(&self) -> bool {
        self.get(OWN_KEY) == Some(UNDECIDED)
    }

    /// With our entry, or without it.
    pub(crate) fn with_undecided(&self, undecided: bool) -> Self {
        match (undecided, self.get(OWN_KEY)) {
            (true, _) => self.with_valid(OWN_KEY, UNDECIDED),
            (false, Some(_)) => self.without(OWN_KEY),
            (false, None) => self.clone(),
        }
    }
}

fn push(written: &mut String, key: &str, value: &str) {
    if !written.is_empty() {
        written.push(',');
    }
    written.push_str(key);
    written.push('=');
    written.push_str(value);
}

/// Section 3.3.1.3.1; a key may begin with a digit since level 2.
fn is_key(key: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let any = |byte: u8| plain(byte) || matches!(byte, b'_' | b'-' | b'*' | b'/' | b'@');
    key.len() <= KEY_MAX && key.bytes().next().is_some_and(plain) && key.bytes().all(any)
}

/// Section 3.3.1.3.2. A space may not be the last one; around it they belong to nobody.
fn is_value(value: &str) -> bool {
    let any = |byte: u8| matches!(byte, 0x20..=0x7e) && !matches!(byte, b',' | b'=');
    let ends = !value.is_empty() && !value.ends_with(' ');
    value.len() <= VALUE_MAX && ends && value.bytes().all(any)
}

impl fmt::Display for TraceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for TraceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceState({:?})", self.as_str())
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use alloc::string::ToString;
    use alloc::vec::Vec;

    use super::*;
    use proptest::prelude::*;

    fn many(count: usize) -> String {
        (0..count).map(|index| alloc::format!("k{index}=v")).collect::<Vec<_>>().join(",")
    }

    #[test]
    fn a_tracestate_is_read_as_the_recommendation_says() {
        let long_key = alloc::format!("{}=1", "k".repeat(256));
        let too_long_key = alloc::format!("{}=1", "k".repeat(257));
        let long_value = alloc::format!("k={}", "v".repeat(256));
        let too_long_value = alloc::format!("k={}", "v".repeat(257));
        let (full, too_full) = (many(32), many(33));
        let table = [
            ("", Some("")),
            (",, ,\t", Some("")),
            ("foo=1", Some("foo=1")),
            ("foo=1,bar=2", Some("foo=1,bar=2")),
            (" foo=1 \t,\t bar=2 ", Some("foo=1,bar=2")),
            ("foo=1,,bar=2,", Some("foo=1,bar=2")),
            ("foo=a b", Some("foo=a b")),
            ("foo@bar=1", Some("foo@bar=1")),
            ("0foo=1", Some("0foo=1")),
            ("a-b/c*d_e=!~", Some("a-b/c*d_e=!~")),
            (long_key.as_str(), Some(long_key.as_str())),
            (long_value.as_str(), Some(long_value.as_str())),
            (full.as_str(), Some(full.as_str())),
            (too_long_key.as_str(), None),
            (too_long_value.as_str(), None),
            (too_full.as_str(), None),
            ("foo", None),
            ("foo=", None),
            ("=1", None),
            ("Foo=1", None),
            ("@foo=1", None),
            ("foo bar=1", None),
            ("foo =1", None),
            ("foo=1=2", None),
            ("foo=\u{e4}", None),
            ("foo=\u{7f}", None),
            ("foo=1,foo=2", None),
            ("foo=1,foo=1", None),
        ];
        for (text, expected) in table {
            let read = TraceState::parse(text).map(|state| state.to_string());
            assert_eq!(read.as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn what_changes_comes_first_and_the_last_one_goes() {
        let state = TraceState::parse(&many(32)).and_then(|state| state.with("new", "1"));
        let state = state.unwrap_or_default();
        let keys: Vec<_> = state.iter().map(|(key, _)| key).collect();
        assert_eq!(keys.len(), 32);
        assert_eq!((keys[0], keys[1], keys[31]), ("new", "k0", "k30"));
        let again = state.with("k0", "2").map(|state| state.to_string()).unwrap_or_default();
        assert!(again.starts_with("k0=2,new=1,k1=v"), "{again}");
    }

    #[test]
    fn long_entries_go_first_where_there_is_no_room() {
        let long = "v".repeat(200);
        let text = alloc::format!("a={long},b=1,c={long},d=2");
        let state = TraceState::parse(&text).unwrap_or_default();
        let more = state.with("n", &long).unwrap_or_default();
        let keys: Vec<_> = more.iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["n", "b", "d"]);
    }

    #[test]
    fn our_entry_comes_and_goes() {
        let state = TraceState::parse("foo=1").unwrap_or_default();
        let told = state.with_undecided(true);
        assert!(told.says_undecided());
        assert_eq!(told.as_str(), "reliability=undecided,foo=1");
        assert_eq!(told.with_undecided(false), state);
    }

    proptest! {
        #[test]
        fn whatever_comes_is_refused_or_read_as_it_is(text in "[a-c0=, \t@~\u{e4}A]{0,60}") {
            if let Some(state) = TraceState::parse(&text) {
                prop_assert_eq!(TraceState::parse(state.as_str()), Some(state.clone()));
                for (key, value) in state.iter() {
                    prop_assert_eq!(state.get(key), Some(value));
                    prop_assert!(is_key(key) && is_value(value));
                }
            }
        }

        #[test]
        fn what_was_added_is_there_and_it_stays_within_the_limits(
            changes in prop::collection::vec(("[a-z]{1,3}", "[!-+]{1,200}"), 1..60),
        ) {
            let mut state = TraceState::new();
            for (key, value) in &changes {
                state = state.with(key, value).unwrap_or_default();
                prop_assert_eq!(state.get(key), Some(value.as_str()));
                prop_assert!(state.iter().count() <= ENTRIES_MAX);
                prop_assert!(state.as_str().len() <= LENGTH_MAX);
                prop_assert!(TraceState::parse(state.as_str()).is_some());
            }
        }
    }
}
