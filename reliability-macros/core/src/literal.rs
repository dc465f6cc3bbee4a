//! Literals in attributes: durations, counts and shares, read when the program is compiled, with
//! every error on the literal.

use core::{
    ops::{Bound, RangeBounds, RangeInclusive},
    time::Duration,
};

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Expr, ExprLit, ExprUnary, Lit, UnOp};

use crate::diagnostics::did_you_mean;

/// A duration such as `"250ms"`, with the place where it was written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Period {
    pub(crate) duration: Duration,
    pub(crate) span: Span,
}

/// Units, in nanoseconds.
const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("µs", 1_000),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

/// Names of units that people write, and what is meant.
const OTHER_UNITS: [(&str, &str); 22] = [
    ("nanos", "ns"),
    ("nanoseconds", "ns"),
    ("micros", "us"),
    ("microseconds", "us"),
    ("msec", "ms"),
    ("msecs", "ms"),
    ("millis", "ms"),
    ("milliseconds", "ms"),
    ("sec", "s"),
    ("secs", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("min", "m"),
    ("mins", "m"),
    ("minute", "m"),
    ("minutes", "m"),
    ("hr", "h"),
    ("hrs", "h"),
    ("hour", "h"),
    ("hours", "h"),
    ("day", "d"),
    ("days", "d"),
];

/// The longest duration that an attribute takes: 365 days.
const LONGEST: Duration = Duration::from_secs(365 * 86_400);

impl Period {
    /// Reads a duration of more than zero and at most 365 days.
    pub(crate) fn read(value: &Expr) -> syn::Result<Self> {
        let wrong = |message: String| Err(syn::Error::new_spanned(value, message));
        match literal(value) {
            Some(Lit::Str(text)) => match parse_duration(&text.value()) {
                Ok(duration) => Ok(Self {
                    duration,
                    span: text.span(),
                }),
                Err(message) => wrong(message),
            },
            Some(Lit::Int(number)) => wrong(in_quotes(&number.to_string())),
            Some(Lit::Float(number)) => wrong(in_quotes(&number.to_string())),
            _ => wrong(
                "a duration is a string with its unit, such as `\"250ms\"` or `\"2s\"`; it is read \
                 when the program is compiled. For one that is known later, build a `Policy` and \
                 hand it over with `policy = ..`"
                    .into(),
            ),
        }
    }
}

/// For `800`, and for `800ms` without quotes.
fn in_quotes(written: &str) -> String {
    let advice = if parse_duration(written).is_ok() {
        format!("`\"{written}\"`")
    } else {
        let number = written.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '_');
        format!("`\"{number}ms\"` or `\"{number}s\"`")
    };
    format!("a duration is a string with its unit: write {advice}")
}

impl Period {
    /// Reads a duration from a range.
    pub(crate) fn within(value: &Expr, within: RangeInclusive<Duration>) -> syn::Result<Self> {
        let period = Self::read(value)?;
        if within.contains(&period.duration) {
            return Ok(period);
        }
        let (least, most) = (as_written(*within.start()), as_written(*within.end()));
        let message = format!("this duration must be from {least} to {most}");
        Err(syn::Error::new(period.span, message))
    }
}

/// A duration as one would write it: in the largest unit that needs no fraction.
fn as_written(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    let whole = |(_, unit): &&(&str, u64)| nanos.is_multiple_of(u128::from(*unit));
    let (name, unit) = UNITS.iter().rfind(whole).unwrap_or(&UNITS[0]);
    format!("`\"{}{name}\"`", nanos / u128::from(*unit))
}

impl ToTokens for Period {
    /// As a `core::time::Duration`, in the largest unit that needs no fraction.
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let nanos = self.duration.as_nanos() as u64;
        let constructors = [
            (1_000_000_000, quote!(from_secs)),
            (1_000_000, quote!(from_millis)),
            (1_000, quote!(from_micros)),
        ];
        let whole = |(unit, _): &(u64, TokenStream)| nanos.is_multiple_of(*unit);
        let (unit, constructor) =
            constructors.into_iter().find(whole).unwrap_or((1, quote!(from_nanos)));
        let amount = nanos / unit;
        let amount = proc_macro2::Literal::u64_unsuffixed(amount);
        tokens.extend(quote!(::core::time::Duration::#constructor(#amount)));
    }
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let end =
        text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_').unwrap_or(text.len());
    let (number, unit) = (text[..end].replace('_', ""), text[end..].trim());
    if number.is_empty() {
        return Err(if text.starts_with('-') {
            "a duration cannot be negative; write for example `\"250ms\"`".into()
        } else {
            format!("`{text}` is no duration: write a number and a unit, such as `\"250ms\"`")
        });
    }
    if unit.is_empty() {
        return Err(format!("the unit is missing: write `\"{number}ms\"` or `\"{number}s\"`"));
    }
    let Some((_, nanos_per_unit)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(unknown_unit(&number, unit));
    };
    let nanos = exact_nanos(&number, *nanos_per_unit).ok_or_else(|| {
        format!("`{number}` is no number that can be exact to a nanosecond; write for example `\"1.5s\"`")
    })?;
    let duration = Duration::from_nanos_u128(nanos.min(LONGEST.as_nanos() + 1));
    if duration.is_zero() {
        return Err("this duration must be longer than zero".into());
    }
    if duration > LONGEST {
        return Err("a duration in an attribute is at most 365 days".into());
    }
    Ok(duration)
}

fn unknown_unit(number: &str, unit: &str) -> String {
    let lower = unit.to_lowercase();
    let meant = OTHER_UNITS
        .iter()
        .find(|(name, _)| *name == lower)
        .map(|(_, meant)| *meant)
        .or_else(|| UNITS.iter().map(|(name, _)| *name).find(|name| *name == lower));
    let suggestion = match meant {
        Some(meant) => format!("write `\"{number}{meant}\"`"),
        None => format!(
            "write `ns`, `us`, `ms`, `s`, `m`, `h` or `d`, as in `\"250ms\"`{}",
            did_you_mean(&lower, OTHER_UNITS.map(|(name, _)| name)),
        ),
    };
    format!("unknown unit of time `{unit}`; {suggestion}")
}

/// `1.5` seconds are 1,500,000,000 ns, without a detour through floating point.
fn exact_nanos(number: &str, nanos_per_unit: u64) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let digits = u32::try_from(fraction.len()).ok().filter(|digits| *digits <= 15)?;
    let fraction: u128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let scaled = fraction * u128::from(nanos_per_unit);
    let unit = 10_u128.pow(digits);
    if !scaled.is_multiple_of(unit) {
        return None;
    }
    whole.checked_mul(u128::from(nanos_per_unit))?.checked_add(scaled / unit)
}

/// Reads a whole number from a range.
pub(crate) fn count(value: &Expr, within: RangeInclusive<u32>) -> syn::Result<u32> {
    let expected = format!("expected a whole number from {} to {}", within.start(), within.end());
    let message = match literal(value) {
        Some(Lit::Int(number)) => match number.base10_parse::<u32>() {
            Ok(number) if within.contains(&number) => return Ok(number),
            _ => expected,
        },
        Some(_) => expected,
        None => format!("{expected}, written out: it is read when the program is compiled"),
    };
    Err(syn::Error::new_spanned(value, message))
}

/// Reads a share of at least `least` and at most 1.
pub(crate) fn share(value: &Expr, least: f64) -> syn::Result<f64> {
    match written(value) {
        Some(share) if (least..=1.0).contains(&share) && !is_text(value) => Ok(share),
        Some(share) if share > 0.0 && share < least && !is_text(value) => {
            let message = format!("this share is as good as 0; write at least `{least}`");
            Err(syn::Error::new_spanned(value, message))
        }
        percent => Err(wrong_share(value, percent)),
    }
}

fn wrong_share(value: &Expr, percent: Option<f64>) -> syn::Error {
    let advice = match percent {
        Some(percent) if percent > 1.0 && percent <= 100.0 => {
            format!("; write `{}` for {percent} %", percent / 100.0)
        }
        _ => "; write for example `0.5` for one half".into(),
    };
    syn::Error::new_spanned(value, format!("expected a share above 0 and at most 1{advice}"))
}

/// Reads a number from a range.
pub(crate) fn number(value: &Expr, within: impl RangeBounds<f64>) -> syn::Result<f64> {
    let written = written(value);
    match written {
        Some(number) if within.contains(&number) && !is_text(value) => return Ok(number),
        _ => {}
    }
    let least = match within.start_bound() {
        Bound::Included(least) => format!(" from {least}"),
        Bound::Excluded(least) => format!(" above {least}"),
        Bound::Unbounded => String::new(),
    };
    let most = match (within.start_bound(), within.end_bound()) {
        (Bound::Excluded(_), Bound::Included(most)) => format!(" and at most {most}"),
        (_, Bound::Included(most)) => format!(" to {most}"),
        (_, Bound::Excluded(most)) => format!(" to below {most}"),
        (_, Bound::Unbounded) => String::new(),
    };
    let advice = match written {
        Some(percent)
            if percent > 1.0 && within.contains(&(percent / 100.0)) && !within.contains(&2.0) =>
        {
            format!("; write `{}` for {percent} %", percent / 100.0)
        }
        Some(number) if is_text(value) && within.contains(&number) => {
            format!("; write {number} without quotes")
        }
        _ => String::new(),
    };
    Err(syn::Error::new_spanned(value, format!("expected a number{least}{most}{advice}")))
}

/// Reads a number above `above` and at most `most`.
pub(crate) fn factor(value: &Expr, above: f64, most: f64) -> syn::Result<f64> {
    number(value, (Bound::Excluded(above), Bound::Included(most)))
}

/// The number as it is written, in quotes or as percent as well: what was meant is told.
fn written(value: &Expr) -> Option<f64> {
    match literal(value)? {
        Lit::Float(number) => number.base10_parse().ok(),
        Lit::Int(number) => number.base10_parse().ok(),
        Lit::Str(text) => text.value().trim_end_matches('%').trim().parse().ok(),
        _ => None,
    }
}

fn is_text(value: &Expr) -> bool {
    matches!(literal(value), Some(Lit::Str(_)))
}

/// Reads a string that is not empty.
pub(crate) fn text(value: &Expr) -> syn::Result<syn::LitStr> {
    match literal(value) {
        Some(Lit::Str(text)) if !text.value().trim().is_empty() => Ok(text.clone()),
        Some(Lit::Str(_)) => {
            Err(syn::Error::new_spanned(value, "expected a name, but this is empty"))
        }
        _ => Err(syn::Error::new_spanned(
            value,
            "expected a name in quotes, such as `\"inventory\"`",
        )),
    }
}

/// The literal, also when it came through a `macro_rules!` fragment.
pub(crate) fn literal(value: &Expr) -> Option<&Lit> {
    match value {
        Expr::Lit(ExprLit { lit, .. }) => Some(lit),
        Expr::Group(group) => literal(&group.expr),
        Expr::Paren(paren) => literal(&paren.expr),
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), .. }) => None,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_exact() {
        let table = [
            ("50ms", 50_000_000),
            ("1s", 1_000_000_000),
            ("1.5s", 1_500_000_000),
            (".5s", 500_000_000),
            ("2m", 120_000_000_000),
            ("1h", 3_600_000_000_000),
            ("0.1us", 100),
            ("250 ms", 250_000_000),
            ("1_000ms", 1_000_000_000),
            ("7ns", 7),
        ];
        for (text, nanos) in table {
            let parsed = parse_duration(text).map(|duration| duration.as_nanos());
            assert_eq!(parsed, Ok(nanos), "{text}");
        }
    }

    #[test]
    fn a_wrong_duration_is_answered_with_a_right_one() {
        let table = [
            ("50", "the unit is missing: write `\"50ms\"` or `\"50s\"`"),
            ("3 seconds", "unknown unit of time `seconds`; write `\"3s\"`"),
            ("3S", "unknown unit of time `S`; write `\"3s\"`"),
            ("0s", "this duration must be longer than zero"),
            ("-1s", "a duration cannot be negative; write for example `\"250ms\"`"),
            ("soon", "`soon` is no duration: write a number and a unit, such as `\"250ms\"`"),
            ("400d", "a duration in an attribute is at most 365 days"),
        ];
        for (text, message) in table {
            assert_eq!(parse_duration(text), Err(message.into()), "{text}");
        }
        assert!(parse_duration("1.2.3s").is_err());
        assert!(parse_duration("0.5ns").is_err());
        assert!(parse_duration("99999999999999999999999999999999999999999d").is_err());
    }

    #[test]
    fn a_duration_is_written_in_its_largest_whole_unit() {
        let table = [
            ("2m", ":: core :: time :: Duration :: from_secs (120)"),
            ("1.5s", ":: core :: time :: Duration :: from_millis (1500)"),
            ("3us", ":: core :: time :: Duration :: from_micros (3)"),
            ("9ns", ":: core :: time :: Duration :: from_nanos (9)"),
        ];
        for (text, tokens) in table {
            let period = Period::read(&syn::parse_quote!(#text)).unwrap();
            assert_eq!(period.into_token_stream().to_string(), tokens);
        }
    }

    #[test]
    fn a_number_outside_of_its_range_is_answered_with_the_range() {
        let table: [(&str, &str); 6] = [
            ("1.0", "expected a number from 0.5 to below 1"),
            ("90", "expected a number from 0.5 to below 1; write `0.9` for 90 %"),
            ("\"90%\"", "expected a number from 0.5 to below 1; write `0.9` for 90 %"),
            ("\"0.9\"", "expected a number from 0.5 to below 1; write 0.9 without quotes"),
            ("-0.9", "expected a number from 0.5 to below 1"),
            ("most", "expected a number from 0.5 to below 1"),
        ];
        for (text, message) in table {
            let error = number(&syn::parse_str(text).unwrap(), 0.5..1.0).unwrap_err();
            assert_eq!(error.to_string(), message, "{text}");
        }
        let quoted = factor(&syn::parse_quote!("2"), 1.0, 100.0).unwrap_err();
        let message = "expected a number above 1 and at most 100; write 2 without quotes";
        assert_eq!(quoted.to_string(), message);
        assert_eq!(number(&syn::parse_quote!(0.5), 0.5..1.0).unwrap(), 0.5);
        assert_eq!(number(&syn::parse_quote!(100), 1.0..=100.0).unwrap(), 100.0);
    }

    #[test]
    fn a_percentage_is_answered_with_its_share() {
        let error = share(&syn::parse_quote!(50), 0.001).unwrap_err().to_string();
        assert_eq!(error, "expected a share above 0 and at most 1; write `0.5` for 50 %");
        let error = share(&syn::parse_quote!("50%"), 0.001).unwrap_err().to_string();
        assert_eq!(error, "expected a share above 0 and at most 1; write `0.5` for 50 %");
        assert_eq!(share(&syn::parse_quote!(1), 0.001).unwrap(), 1.0);
        let error = share(&syn::parse_quote!(0.0), 0.001).unwrap_err().to_string();
        assert_eq!(
            error,
            "expected a share above 0 and at most 1; write for example `0.5` for one half"
        );
        let error = share(&syn::parse_quote!(0.0009), 0.001).unwrap_err().to_string();
        assert_eq!(error, "this share is as good as 0; write at least `0.001`");
    }
}
