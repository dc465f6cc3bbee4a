use core::time::Duration;

use proc_macro2::{Ident, Span};
use syn::{Expr, Lit, spanned::Spanned as _};

use crate::{
    diagnostics::did_you_mean,
    literal::{Period, literal},
};

/// Over which time a promise is kept.
#[derive(Debug)]
pub(super) enum Window {
    /// `"30d"`.
    Rolling(Period),
    /// `month`, or `month("+02:00")`.
    Calendar { unit: Ident, nominal: Duration, offset_minutes: i16 },
}

const DAY: Duration = Duration::from_secs(86_400);

/// What is meant where nothing is written.
pub(super) const STANDARD: Duration = Duration::from_secs(30 * 86_400);

const UNITS: [(&str, &str, u32); 4] =
    [("day", "Day", 1), ("week", "Week", 7), ("month", "Month", 30), ("quarter", "Quarter", 90)];

impl Window {
    pub(super) fn read(value: Expr) -> syn::Result<Self> {
        if let Some(Lit::Str(text)) = literal(&value)
            && let Some((name, ..)) = UNITS.iter().find(|(name, ..)| *name == text.value())
        {
            let message = format!("write `window: {name}` without quotes for the calendar's");
            return Err(syn::Error::new_spanned(value, message));
        }
        match &value {
            Expr::Path(path) => Self::calendar(&path.path, 0),
            Expr::Call(call) => {
                let Expr::Path(path) = &*call.func else {
                    return Err(syn::Error::new_spanned(call, EXPECTED));
                };
                let offset = call.args.first().map(offset).transpose()?;
                if call.args.len() != 1 {
                    return Err(syn::Error::new_spanned(call, EXPECTED));
                }
                Self::calendar(&path.path, offset.unwrap_or_default())
            }
            value => {
                let hour = Duration::from_secs(3600);
                let period = Period::within(value, hour..=365 * DAY)?;
                if period.duration.subsec_nanos() != 0 {
                    let message = "a window is a whole number of seconds, such as `\"30d\"`";
                    return Err(syn::Error::new(period.span, message));
                }
                Ok(Self::Rolling(period))
            }
        }
    }

    fn calendar(path: &syn::Path, offset_minutes: i16) -> syn::Result<Self> {
        let written = path.get_ident().map(ToString::to_string).unwrap_or_default();
        match UNITS.iter().find(|(name, ..)| *name == written) {
            Some((_, unit, days)) => Ok(Self::Calendar {
                unit: Ident::new(unit, Span::mixed_site().located_at(path.span())),
                nominal: *days * DAY,
                offset_minutes,
            }),
            None => {
                let near = did_you_mean(&written, UNITS.iter().map(|(name, ..)| *name));
                let near = if near.is_empty() { "; ".to_owned() + EXPECTED } else { near };
                let message = format!("`{written}` is no window{near}");
                Err(syn::Error::new_spanned(path, message))
            }
        }
    }

    /// What burn rates are computed with.
    pub(super) fn length(&self) -> Duration {
        match self {
            Self::Rolling(period) => period.duration,
            Self::Calendar { nominal, .. } => *nominal,
        }
    }
}

const EXPECTED: &str = "write `\"30d\"` for the last 30 days, or `day`, `week`, `month` or `quarter` \
                        for the calendar's, with `month(\"+02:00\")` where midnight is not UTC's";

/// `"+02:00"`, in minutes.
fn offset(value: &Expr) -> syn::Result<i16> {
    let wrong = || {
        let message = "expected how far clocks are ahead of UTC, at most 18 hours, such as \
                       `\"+02:00\"`";
        syn::Error::new_spanned(value, message)
    };
    let Some(Lit::Str(text)) = literal(value) else {
        return Err(wrong());
    };
    let text = text.value();
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(&text)),
    };
    let (hours, minutes) = rest.split_once(':').ok_or_else(wrong)?;
    let number = |text: &str| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<i16>().ok()).flatten().ok_or_else(wrong)
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let all = hours * 60 + minutes;
    if minutes > 59 || all > 18 * 60 { Err(wrong()) } else { Ok(sign * all) }
}
