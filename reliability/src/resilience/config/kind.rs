use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ops::RangeInclusive;
use core::time::Duration;

use crate::document::{Node, Value, did_you_mean};
use crate::resilience::rate_limit::Quota;
use crate::time::text::{parse_duration, write_duration};

/// What values a setting takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// A whole number.
    Count { least: u32, most: u32 },
    /// A text such as `"250ms"`.
    Time { least: Duration, most: Duration },
    /// A part of a whole, up to [`BELOW_ONE`] or 1: `0.05` or `"5%"`.
    Share { least: f64, most: f64 },
    /// A number.
    Factor { least: f64, most: f64 },
    /// A text such as `"100/s"`.
    Rate,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// So many calls, or the calls of so much time.
    Window,
    /// One or the other.
    Either(&'static Kind, &'static Kind),
    /// A list of two.
    Pair(&'static Kind, &'static Kind),
    /// `false` for none, or this.
    OrNone(&'static Kind),
}

/// A value that fits its [`Kind`].
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Reading {
    Count(u32),
    Time(Duration),
    Rate(Quota),
    Number(f64),
    Choice(&'static str),
    Flag(bool),
    Pair(alloc::boxed::Box<(Reading, Reading)>),
    None,
}

impl Reading {
    pub(super) fn count(&self) -> u32 {
        if let Reading::Count(count) = self { *count } else { 0 }
    }

    pub(super) fn time(&self) -> Duration {
        if let Reading::Time(time) = self { *time } else { Duration::ZERO }
    }

    pub(super) fn number(&self) -> f64 {
        if let Reading::Number(number) = self { *number } else { 0.0 }
    }

    pub(super) fn word(&self) -> &'static str {
        if let Reading::Choice(word) = self { word } else { "" }
    }
}

/// What rounds to nothing in millionths would be none.
pub(super) const ABOVE_ZERO: f64 = 0.000_000_5;
/// The largest share that is not all.
pub(super) const BELOW_ONE: f64 = 0.999_999;

const WINDOW_CALLS: Kind = Kind::Count { least: 1, most: 1_000_000 };
const WINDOW_TIME: Kind =
    Kind::Time { least: Duration::from_millis(100), most: Duration::from_secs(86_400) };

impl Kind {
    /// Reads a value; `written` shows it as it stands in the file.
    ///
    /// # Errors
    ///
    /// What goes on after the name of the setting: "must be .., but is ..".
    pub(super) fn read(self, node: &Node, written: &str) -> Result<Reading, String> {
        let wrong = |advice: String| {
            let got = match &node.value {
                Value::Table(_) | Value::List(_) | Value::Other(_) => node.value.kind().into(),
                _ => format!("`{written}`"),
            };
            let advice = if advice.is_empty() { advice } else { format!("; {advice}") };
            Err(format!("must be {self}, but is {got}{advice}"))
        };
        match (self, &node.value) {
            (Kind::Count { least, most }, Value::Whole(number)) => match u32::try_from(*number) {
                Ok(number) if (least..=most).contains(&number) => Ok(Reading::Count(number)),
                _ => wrong(String::new()),
            },
            (Kind::Count { .. }, Value::Text(text)) if text.trim().parse::<u32>().is_ok() => {
                wrong(format!("write {} without quotes", text.trim()))
            }
            (Kind::Time { least, most }, Value::Text(text)) => match parse_duration(text) {
                Ok(time) if (least..=most).contains(&time) => Ok(Reading::Time(time)),
                Ok(_) => wrong(String::new()),
                Err(advice) => wrong(advice),
            },
            (Kind::Time { .. }, Value::Whole(_) | Value::Number(_)) => {
                wrong(format!("write \"{written}ms\" or \"{written}s\""))
            }
            (Kind::Rate, Value::Text(text)) => match text.parse() {
                Ok(quota) => Ok(Reading::Rate(quota)),
                Err(_) => match text.split_once('/').map_or(&**text, |(permits, _)| permits).trim()
                {
                    number if number.parse::<u32>().is_ok() => wrong(format!(
                        "write \"{number}/s\", or another period: ms, s, m, h, d, or several, as in \
                         \"{number}/5m\""
                    )),
                    _ => wrong("write for example \"100/s\" or \"10/m\"".into()),
                },
            },
            (Kind::Rate, Value::Whole(_)) => wrong(format!("write \"{written}/s\"")),
            (Kind::Share { least, most }, value) => share(value, least..=most).or_else(wrong),
            (Kind::Flag, Value::Flag(flag)) => Ok(Reading::Flag(*flag)),
            (Kind::Factor { least, most }, value) => match as_number(value) {
                Some(number) if (least..=most).contains(&number) => Ok(Reading::Number(number)),
                _ => wrong(String::new()),
            },
            (Kind::Choice(words), Value::Text(text)) => {
                match words.iter().find(|word| **word == text) {
                    Some(word) => Ok(Reading::Choice(word)),
                    None => wrong(did_you_mean(text, words.iter().copied()).unwrap_or_default()),
                }
            }
            (Kind::Window, Value::Text(_)) => WINDOW_TIME.read(node, written),
            (Kind::Window, Value::Whole(_) | Value::Number(_)) => WINDOW_CALLS.read(node, written),
            (Kind::Either(first, second), _) => first
                .read(node, written)
                .or_else(|_| second.read(node, written))
                .or_else(|_| wrong(String::new())),
            (Kind::Pair(first, second), Value::List(list)) if list.len() == 2 => {
                let read = |kind: &Kind, index: usize| kind.read(&list[index], written);
                match (read(first, 0), read(second, 1)) {
                    (Ok(first), Ok(second)) => Ok(Reading::Pair((first, second).into())),
                    _ => Err(format!("must be {self}, but is `{written}`")),
                }
            }
            (Kind::OrNone(_), Value::Flag(false)) => Ok(Reading::None),
            (Kind::OrNone(kind), _) => match kind.read(node, written) {
                Ok(reading) => Ok(reading),
                Err(_) => wrong(String::new()),
            },
            _ => wrong(String::new()),
        }
    }
}

fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Whole(number) => Some(*number as f64),
        Value::Number(number) => Some(*number),
        _ => None,
    }
}

/// `0.05`, or `"5%"`.
fn share(value: &Value, within: RangeInclusive<f64>) -> Result<Reading, String> {
    let number = match value {
        Value::Text(text) => {
            let percent = text.trim().strip_suffix('%');
            let percent = percent.and_then(|number| number.trim().parse::<f64>().ok());
            percent.map(|percent| percent / 100.0)
        }
        value => as_number(value),
    };
    match number {
        Some(share) if within.contains(&share) => Ok(Reading::Number(share)),
        Some(share)
            if share > 1.0
                && within.contains(&(share / 100.0))
                && !matches!(value, Value::Text(_)) =>
        {
            Err(format!("write \"{share}%\" or {} for {share} percent", share / 100.0))
        }
        None if let Value::Text(text) = value
            && let Ok(number) = text.trim().parse::<f64>()
            && within.contains(&number) =>
        {
            Err(format!("write {number} without quotes"))
        }
        _ => Err(String::new()),
    }
}

impl fmt::Display for Kind {
    /// Goes on after "must be".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Count { least, most } => write!(f, "a whole number from {least} to {most}"),
            Kind::Time { least, most } => {
                let (least, most) = (write_duration(*least), write_duration(*most));
                write!(f, "a duration from \"{least}\" to \"{most}\"")
            }
            Kind::Share { least, most } if *least == ABOVE_ZERO => {
                write!(f, "a share above 0 and at most {most}")
            }
            Kind::Share { least, most } if *most == BELOW_ONE => {
                write!(f, "a share from {least} to below 1")
            }
            Kind::Share { least, most } => write!(f, "a share from {least} to {most}"),
            Kind::Flag => f.write_str("true or false"),
            Kind::Rate => f.write_str("a rate such as \"100/s\""),
            Kind::Factor { least, most } => write!(f, "a number from {least} to {most}"),
            Kind::Choice(words) => {
                let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
                match quoted.split_last() {
                    Some((last, rest)) if !rest.is_empty() => {
                        write!(f, "{} or {last}", rest.join(", "))
                    }
                    _ => f.write_str(&quoted.concat()),
                }
            }
            Kind::Either(first, second) => write!(f, "{first}, or {second}"),
            Kind::Window => write!(f, "{WINDOW_CALLS}, or {WINDOW_TIME}"),
            Kind::Pair(first, second) => write!(f, "a list of {first} and {second}"),
            Kind::OrNone(kind) => write!(f, "false, or {kind}"),
        }
    }
}
