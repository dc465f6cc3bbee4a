use syn::{Expr, Lit};

use super::Percent;
use crate::literal::literal;

/// `"99% >= 100/m"`: in so many slices of time at least so many calls go well.
#[derive(Debug)]
pub(super) struct Throughput {
    pub(super) target: Percent,
    pub(super) at_least: u64,
    pub(super) slice_seconds: u64,
}

impl Throughput {
    pub(super) fn read(value: &Expr) -> syn::Result<Self> {
        let example = "a promise about throughput is a share of minutes and how many calls go well \
                       in them: write `throughput: \"99% >= 100/m\"`";
        let wrong = |message: &str| syn::Error::new_spanned(value, message);
        let Some(Lit::Str(text)) = literal(value) else {
            return Err(wrong(example));
        };
        let (written, span) = (text.value(), text.span());
        let (share, rate) = written.split_once('>').ok_or_else(|| wrong(example))?;
        let (count, unit) = rate.split_once('/').ok_or_else(|| wrong(example))?;
        let count: u64 = count
            .trim()
            .trim_start_matches('=')
            .trim()
            .replace('_', "")
            .parse()
            .map_err(|_| wrong("expected a whole number of calls, as in `\"99% >= 100/m\"`"))?;
        // Slices of a second are judged by chance, so a rate per second is one of its minutes.
        let (times, slice_seconds) = match unit.trim() {
            "s" => (60, 60),
            "m" => (1, 60),
            "h" => (1, 3600),
            _ => {
                return Err(wrong("expected a rate per `s`, `m` or `h`, as in `\"99% >= 100/m\"`"));
            }
        };
        let at_least = count.checked_mul(times).filter(|count| *count > 0);
        let at_least =
            at_least.ok_or_else(|| wrong("expected at least one call, as in `100/m`"))?;
        Ok(Self { target: Percent::in_text(share, span)?, at_least, slice_seconds })
    }
}
