use core::time::Duration;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens as _;
use syn::{Expr, Lit, spanned::Spanned as _};

use super::Percent;
use crate::{
    diagnostics::{Diagnostics, did_you_mean},
    literal::{Period, literal},
    options::Choice,
    settings::{self, Known},
};

/// `page(burn = 14.4, long = "1h", short = "5m")`.
#[derive(Debug)]
pub(super) struct Alert {
    pub(super) is_page: bool,
    /// In millionths.
    pub(super) burn: u64,
    burn_span: Span,
    pub(super) long: Period,
    pub(super) short: Option<Period>,
}

const EXAMPLE: &str = "page(burn = 14.4, long = \"1h\", short = \"5m\")";

const KNOWN: Known =
    &[("burn", "burn = 14.4"), ("long", "long = \"1h\""), ("short", "short = \"5m\"")];

/// As many as a definition has places for.
const ALERTS: usize = 8;

/// The shortest that the counts are kept in.
const SHORTEST: Duration = Duration::from_secs(25);

/// The alerts of a list; none for `none`.
pub(super) fn read_all(diagnostics: &mut Diagnostics, value: Expr) -> Vec<Alert> {
    let list = match value {
        Expr::Array(array) => array.elems,
        Expr::Path(path) if path.path.is_ident("none") => return Vec::new(),
        other => {
            let message = format!("write `alerts: [{EXAMPLE}]`, or `alerts: none`");
            diagnostics.error(other, message);
            return Vec::new();
        }
    };
    if list.len() > ALERTS {
        let message = format!("at most {ALERTS} alerts: keep those that somebody acts upon");
        diagnostics.error(&list, message);
    }
    list.into_iter().filter_map(|one| read(diagnostics, &one)).collect()
}

fn read(diagnostics: &mut Diagnostics, value: &Expr) -> Option<Alert> {
    let (word, arguments) = diagnostics.keep(call(value))?;
    if syn::parse2::<Lit>(arguments.clone().into_iter().take(1).collect()).is_ok() {
        let message = format!("each number has a name here: write `{EXAMPLE}`");
        diagnostics.error(value, message);
        return None;
    }
    let choices = settings::parse(diagnostics, arguments, EXAMPLE);
    let (mut burn, mut long, mut short) = (None, None, None);
    let given = |name: &str| choices.iter().any(|choice: &Choice| choice.name == name);
    let missing: Vec<&str> =
        KNOWN.iter().take(2).filter(|(name, _)| !given(name)).map(|(_, how)| *how).collect();
    let is_page = word == "page";
    settings::walk(diagnostics, &format!("`{word}`"), KNOWN, choices, |diagnostics, setting| {
        match setting.name {
            "burn" => burn = diagnostics.keep(setting.expr().and_then(|it| rate(&it))),
            "long" => long = diagnostics.keep(setting.period()),
            _ => short = diagnostics.keep(setting.period()),
        }
    });
    if !missing.is_empty() {
        let message = format!("`{word}` needs {}", missing.join(" and "));
        diagnostics.error(value, message);
    }
    let (burn, burn_span) = burn?;
    Some(Alert { is_page, burn, burn_span, long: long?, short })
}

/// The word, and what stands in its parentheses.
fn call(value: &Expr) -> syn::Result<(String, TokenStream)> {
    let wrong = |message: String| Err(syn::Error::new_spanned(value, message));
    let Expr::Call(call) = value else {
        return wrong(format!("an alert says who is told, and when: write `{EXAMPLE}`"));
    };
    let word = call.func.to_token_stream().to_string();
    match word.as_str() {
        "page" | "ticket" => Ok((word, call.args.to_token_stream())),
        _ => {
            let near = did_you_mean(&word, ["page", "ticket"]);
            let near = if near.is_empty() { "; write `page` or `ticket`".into() } else { near };
            Err(syn::Error::new_spanned(&call.func, format!("`{word}` is nobody to be told{near}")))
        }
    }
}

/// A burn rate, in millionths.
fn rate(value: &Expr) -> syn::Result<(u64, Span)> {
    let digits = match literal(value) {
        Some(Lit::Float(number)) => number.base10_digits().to_owned(),
        Some(Lit::Int(number)) => number.base10_digits().to_owned(),
        _ => String::new(),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let fraction = fraction.trim_end_matches('0');
    let parsed = whole.parse::<u64>().ok().filter(|_| fraction.len() <= 6);
    let fraction = format!("{fraction:0<6}").parse::<u64>().ok();
    let millionths = parsed.zip(fraction).and_then(|(whole, fraction)| {
        whole.checked_mul(1_000_000)?.checked_add(fraction).filter(|rate| *rate > 0)
    });
    millionths.map(|rate| (rate, value.span())).ok_or_else(|| {
        let message = "expected a burn rate above 0 with at most six digits behind the point, such \
                       as `14.4`: at 1 the budget lasts exactly as long as its window";
        syn::Error::new_spanned(value, message)
    })
}

impl Alert {
    /// Whether it can fire, and be over again.
    pub(super) fn check(
        &self,
        diagnostics: &mut Diagnostics,
        window: Duration,
        targets: &[Percent],
    ) {
        let mut wrong = |span, message: String| diagnostics.push(syn::Error::new(span, message));
        if self.long.duration > window {
            let message = "this is longer than the window of the promise: write a shorter one";
            wrong(self.long.span, message.into());
        }
        let short = self.short.map_or(self.long.duration / 12, |short| short.duration);
        if short >= self.long.duration {
            let span = self.short.map_or(self.long.span, |short| short.span);
            let message = "the short window says that it still goes on, so it must be shorter than \
                           the long one: write for example a twelfth of it";
            wrong(span, message.into());
        } else if short < SHORTEST {
            let span = self.short.map_or(self.long.span, |short| short.span);
            let message = "the short window, or a twelfth of the long one, must be at least 25 s: \
                           make it longer";
            wrong(span, message.into());
        }
        let widest = targets.iter().max_by_key(|target| target.rest().parts);
        if let Some(widest) = widest
            && u128::from(self.burn) * u128::from(widest.rest().parts) >= 1_000_000_000_000_000
        {
            // What a total outage burns at, rounded down to a tenth.
            let most = 10_000_000_000 / u64::from(widest.rest().parts);
            let message = format!(
                "this alert can never fire: with a target of {} % even a total outage burns only \
                 {}.{} times too fast. Write less than that, promise this share in a `slo!` of its \
                 own, or leave `alerts` out: of the standard ones those that cannot fire are left \
                 out, and listed as left out",
                widest.text(),
                most / 10,
                most % 10,
            );
            wrong(self.burn_span, message);
        }
    }
}
