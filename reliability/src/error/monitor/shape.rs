use alloc::string::String;

/// What stands for a number, with its unit.
const NUMBER: &str = "<n>";
/// What stands for a word that mixes letters and digits as only made ones do.
const ID: &str = "<id>";
/// What stands for what was quoted.
const QUOTED: &str = "<..>";

/// A message without what differs from one occurrence to the next.
///
/// | in the message | in its shape |
/// |---|---|
/// | numbers, times, IP addresses, with their unit | `<n>` |
/// | UUIDs, hex of six and more digits, words of ten and more letters and digits mixed | `<id>` |
/// | what stands in `"`, `'` or backticks | `<..>`, in the same quotes |
/// | white space, of any kind and length | one space |
///
/// # Examples
///
/// ```
/// use reliability::error::monitor::shape;
///
/// assert_eq!(
///     shape("user 4711 (cus_Nf3k2jd82ks): \"tea pot\" took 1.5s at 10.0.0.7:443"),
///     "user <n> (cus_<id>): \"<..>\" took <n> at <n>:<n>",
/// );
/// assert_eq!(shape("no route to host"), "no route to host");
/// ```
pub fn shape(message: &str) -> String {
    let mut shape = String::new();
    walk(message, &mut |part| shape.push_str(part));
    shape
}

/// Hands the shape of a message over piece by piece, so that it need not be stored.
pub(super) fn walk(message: &str, out: &mut dyn FnMut(&str)) {
    let mut rest = message;
    let mut previous = None;
    while let Some(first) = rest.chars().next() {
        let taken = if first.is_whitespace() || first.is_control() {
            out(" ");
            rest.find(|c: char| !c.is_whitespace() && !c.is_control()).unwrap_or(rest.len())
        } else if is_word(first) {
            word(rest, out)
        } else if let Some(end) = quoted(rest, first, previous) {
            let quote = &rest[..first.len_utf8()];
            out(quote);
            out(QUOTED);
            out(quote);
            end
        } else if let Some(end) = colons(rest) {
            out(NUMBER);
            end
        } else {
            out(&rest[..first.len_utf8()]);
            first.len_utf8()
        };
        previous = rest[..taken].chars().next_back();
        rest = &rest[taken..];
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where the quotation ends that begins here. One that never ends was cut off, unless it is an
/// apostrophe.
fn quoted(rest: &str, quote: char, previous: Option<char>) -> Option<usize> {
    if !matches!(quote, '"' | '\'' | '`') || previous.is_some_and(is_word) {
        return None;
    }
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        let end = at + c.len_utf8();
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == quote && !(quote == '\'' && rest[end..].starts_with(is_word)) {
            return Some(end);
        }
    }
    (quote == '"').then_some(rest.len())
}

/// Hands over the word at the beginning, masked. Hyphens join words only into UUIDs and numbers.
fn word(rest: &str, out: &mut dyn FnMut(&str)) -> usize {
    if let Some(end) = uuid(rest) {
        out(ID);
        return end;
    }
    if let Some(end) = colons(rest) {
        out(NUMBER);
        return end;
    }
    let end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
    let mut first = true;
    for segment in rest[..end].split('_') {
        if !first {
            out("_");
        }
        first = false;
        mask(segment, out);
    }
    end + fraction(rest, end)
}

fn mask(segment: &str, out: &mut dyn FnMut(&str)) {
    let digits = segment.chars().filter(|c| c.is_numeric()).count();
    if digits == 0 {
        return out(segment);
    }
    let hex = segment.strip_prefix("0x").unwrap_or(segment);
    let is_hex = hex.len() >= 6 && hex.chars().all(|c| c.is_ascii_hexdigit());
    let letters = segment.chars().count() - digits;
    if is_number(segment) {
        out(NUMBER);
    } else if is_hex || segment.starts_with("0x") || (letters > 0 && segment.len() >= 10) {
        out(ID);
    } else {
        let mut in_number = false;
        for (at, c) in segment.char_indices() {
            if !c.is_numeric() {
                out(&segment[at..at + c.len_utf8()]);
            } else if !in_number {
                out(NUMBER);
            }
            in_number = c.is_numeric();
        }
    }
}

/// Digits, or digits with a unit.
fn is_number(segment: &str) -> bool {
    const UNITS: [&str; 18] = [
        "", "ns", "us", "µs", "ms", "s", "m", "h", "d", "b", "kb", "mb", "gb", "kib", "mib", "gib",
        "x", "th",
    ];
    let unit = segment.trim_start_matches(char::is_numeric);
    unit.len() < segment.len() && UNITS.iter().any(|known| unit.eq_ignore_ascii_case(known))
}

/// How long the rest of a number is that goes on behind a dot: `.5`, `.0.0.7`, `.25ms`.
fn fraction(rest: &str, end: usize) -> usize {
    let is_digits = rest[..end].ends_with(char::is_numeric) && rest.starts_with(char::is_numeric);
    let mut length = 0;
    while let Some(more) = rest[end + length..].strip_prefix('.').filter(|_| is_digits) {
        let part = &more[..more.find(|c: char| !is_word(c)).unwrap_or(more.len())];
        if !is_number(part) {
            break;
        }
        length += 1 + part.len();
    }
    length
}

/// Where the UUID ends that begins here.
fn uuid(rest: &str) -> Option<usize> {
    const LENGTH: usize = 36;
    let text = rest.as_bytes().get(..LENGTH)?;
    let is_uuid = text.iter().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    });
    // All ASCII, so the slice is at a boundary.
    (is_uuid && !rest[LENGTH..].starts_with(is_word)).then_some(LENGTH)
}

/// Where the run of hex digits with two or more colons ends that begins here: an IPv6 address, a
/// time of day, a MAC address.
fn colons(rest: &str) -> Option<usize> {
    let is_part = |c: char| c.is_ascii_hexdigit() || c == ':' || c == '.';
    let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
    let run = rest[..end].trim_end_matches([':', '.']);
    let has_digits = run.contains(|c: char| c.is_ascii_digit());
    let ends_with_word = rest[run.len()..].starts_with(is_word);
    let colons = run.matches(':').count();
    (colons >= 2 && has_digits && !ends_with_word).then_some(run.len())
}
