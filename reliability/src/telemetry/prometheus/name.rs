//! What names and units of OpenTelemetry are called in Prometheus, by the rules of OpenTelemetry's
//! specification, "Prometheus and OpenMetrics Compatibility".

use alloc::borrow::Cow;
use alloc::string::String;

#[cfg(feature = "sre")]
use crate::telemetry::metrics::Descriptor;
use crate::telemetry::metrics::{Data, Metric};

/// The name of a metric without `_total`, and the words for its unit that it ends with.
pub(super) fn family(metric: &Metric) -> (String, Option<String>) {
    let words = match (&*metric.unit, &metric.data) {
        ("1", Data::Gauge(_)) => Some(String::from("ratio")),
        (unit, _) => words(unit),
    };
    let name = match &metric.data {
        Data::Counter(_) => without_total(letters(&metric.name)),
        _ => letters(&metric.name),
    };
    (with_unit(name, words.as_deref()), words)
}

/// What a counter is called.
#[cfg(feature = "sre")]
pub(crate) fn counter(of: &Descriptor) -> String {
    with_unit(without_total(letters(of.name)), words(of.unit).as_deref()) + TOTAL
}

const TOTAL: &str = "_total";

fn without_total(mut name: String) -> String {
    if name.ends_with(TOTAL) {
        name.truncate(name.len() - TOTAL.len());
    }
    name
}

fn with_unit(mut name: String, words: Option<&str>) -> String {
    if let Some(words) = words
        && name != *words
        && !name.ends_with(&alloc::format!("_{words}"))
    {
        name.push('_');
        name.push_str(words);
    }
    name
}

/// Letters, digits, `_` and `:`; of several `_` in a row one is enough, and no digit is the first.
fn letters(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 8);
    for letter in name.chars() {
        let kept = if letter.is_ascii_alphanumeric() || letter == ':' { letter } else { '_' };
        if kept == '_' && out.ends_with('_') {
            continue;
        }
        if out.is_empty() && kept.is_ascii_digit() {
            out.push('_');
        }
        out.push(kept);
    }
    out
}

/// The name of a label: letters, digits and `_`, and no digit is the first.
pub(crate) fn label(key: &str) -> Cow<'_, str> {
    let good = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let starts_well = |key: &str| key.starts_with(|first: char| !first.is_ascii_digit());
    if key.chars().all(good) && starts_well(key) && !key.starts_with("__") {
        return Cow::Borrowed(key);
    }
    let mut out = String::with_capacity(key.len() + 4);
    for letter in key.chars() {
        let kept = if good(letter) { letter } else { '_' };
        // What begins with two is Prometheus' own.
        if kept == '_' && out.ends_with('_') {
            continue;
        }
        if out.is_empty() && kept.is_ascii_digit() {
            out.push_str("key_");
        }
        out.push(kept);
    }
    if out.is_empty() {
        out.push('_');
    }
    Cow::Owned(out)
}

/// A unit in words: `By/s` is `bytes_per_second`. What is in braces says what is counted, and is no
/// unit.
fn words(unit: &str) -> Option<String> {
    let mut parts = unit.splitn(2, '/');
    let of = plain(parts.next().unwrap_or_default());
    let per = plain(parts.next().unwrap_or_default());
    let of = of.as_deref().map(|of| plural(of).unwrap_or(of));
    let per = per.as_deref().map(|per| singular(per).unwrap_or(per));
    let words = match (of, per) {
        (None, None) => return None,
        (Some(of), None) => String::from(of),
        (None, Some(per)) => alloc::format!("per_{per}"),
        (Some(of), Some(per)) => alloc::format!("{of}_per_{per}"),
    };
    let words = letters(&words);
    let words = words.trim_matches('_');
    (!words.is_empty()).then(|| words.into())
}

/// Without what is in braces; nothing if nothing is left, or only a 1.
fn plain(unit: &str) -> Option<String> {
    let mut out = String::new();
    let mut depth = 0_u32;
    for letter in unit.chars() {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            letter if depth == 0 => out.push(letter),
            _ => {}
        }
    }
    let out = out.trim();
    (!out.is_empty() && out != "1").then(|| out.into())
}

fn plural(unit: &str) -> Option<&'static str> {
    Some(match unit {
        "d" => "days",
        "h" => "hours",
        "min" => "minutes",
        "s" => "seconds",
        "ms" => "milliseconds",
        "us" => "microseconds",
        "ns" => "nanoseconds",
        "By" => "bytes",
        "KiBy" => "kibibytes",
        "MiBy" => "mebibytes",
        "GiBy" => "gibibytes",
        "TiBy" => "tibibytes",
        "KBy" | "kBy" => "kilobytes",
        "MBy" => "megabytes",
        "GBy" => "gigabytes",
        "TBy" => "terabytes",
        "m" => "meters",
        "V" => "volts",
        "A" => "amperes",
        "J" => "joules",
        "W" => "watts",
        "g" => "grams",
        "Cel" => "celsius",
        "Hz" => "hertz",
        "%" => "percent",
        _ => return None,
    })
}

fn singular(unit: &str) -> Option<&'static str> {
    Some(match unit {
        "s" => "second",
        "m" | "min" => "minute",
        "h" => "hour",
        "d" => "day",
        "w" => "week",
        "mo" => "month",
        "y" => "year",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn names_have_their_unit_in_words() {
        let counter = || Data::Counter(Vec::new());
        let gauge = || Data::Gauge(Vec::new());
        for (name, unit, data, expected) in [
            ("shop.orders", "{order}", counter(), "shop_orders"),
            ("shop.orders_total", "", counter(), "shop_orders"),
            ("shop.sold_total", "g", counter(), "shop_sold_grams"),
            ("shop.load", "1", gauge(), "shop_load_ratio"),
            ("shop.load", "1", counter(), "shop_load"),
            ("shop.load", "%", gauge(), "shop_load_percent"),
            ("shop.duration", "s", gauge(), "shop_duration_seconds"),
            ("shop.duration_seconds", "s", gauge(), "shop_duration_seconds"),
            ("seconds", "s", gauge(), "seconds"),
            ("shop.rate", "{permit}/s", gauge(), "shop_rate_per_second"),
            ("shop.io", "By/min", counter(), "shop_io_bytes_per_minute"),
            ("shop.odd", "[foot]", gauge(), "shop_odd_foot"),
            ("shop/tea--cups", "", gauge(), "shop_tea_cups"),
            ("9lives", "", gauge(), "_9lives"),
        ] {
            let metric = Metric::new(name, unit, "", data);
            assert_eq!(family(&metric).0, expected, "{name} in {unit}");
        }
    }

    #[test]
    fn labels_are_letters_digits_and_underscores() {
        for (key, expected) in [
            ("region", "region"),
            ("http.route", "http_route"),
            ("a..b", "a_b"),
            ("1st", "key_1st"),
            ("__name__", "_name_"),
            ("größe", "gr_e"),
            ("", "_"),
        ] {
            assert_eq!(label(key), expected, "{key}");
        }
    }
}
