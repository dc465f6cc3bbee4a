use proc_macro2::Span;
use syn::{Expr, Lit, spanned::Spanned as _};

use crate::literal::literal;

/// A share in per cent, exact to seven digits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Percent {
    /// In parts per billion.
    pub(super) parts: u32,
}

const ONE: u64 = 1_000_000_000;

impl Percent {
    /// How much must be good: above 0 and below 100.
    pub(super) fn of_target(value: &Expr) -> syn::Result<Self> {
        let (text, is_text) = written(value, "99.95")?;
        Self::target(&text, is_text, value.span())
    }

    /// The same, written in another text.
    pub(super) fn in_text(text: &str, span: Span) -> syn::Result<Self> {
        let number = text.trim().trim_end_matches('%').trim_end();
        Self::target(number, true, span)
    }

    /// How much may fail: above 0 and below 100.
    pub(super) fn of_errors(value: &Expr) -> syn::Result<Self> {
        let (text, _) = written(value, "0.1")?;
        let parts = parse(&text, value.span(), "0.1")?;
        let wrong = |message| Err(syn::Error::new(value.span(), message));
        match parts {
            0 => wrong(
                "without any error allowed there is no budget, and nothing could ever be changed: \
                 write for example `0.01`",
            ),
            ONE.. => wrong("if all calls may fail nothing is promised: write for example `0.1`"),
            parts => Ok(Self { parts: parts as u32 }),
        }
    }

    fn target(text: &str, is_text: bool, span: Span) -> syn::Result<Self> {
        let parts = parse(text, span, "99.95")?;
        let wrong = |message: String| Err(syn::Error::new(span, message));
        match parts {
            0 => wrong("a target of 0 % promises nothing: write for example `99.9`".into()),
            ONE => wrong(
                "a target of 100 % leaves no budget: what must never fail can never be changed. \
                 Write for example `99.99`"
                    .into(),
            ),
            parts if parts > ONE => {
                wrong(format!("a target is a number of per cent below 100, but this is {text}"))
            }
            // Somebody thought of a share.
            parts if parts < ONE / 100 && !is_text => {
                let meant = Self { parts: (parts * 100) as u32 };
                wrong(format!(
                    "targets are in per cent, and this is less than one in a hundred: write `{}`, \
                     or `\"{text}%\"` if that is meant",
                    meant.text()
                ))
            }
            parts => Ok(Self { parts: parts as u32 }),
        }
    }

    /// What is not in it.
    pub(super) fn rest(self) -> Self {
        Self { parts: ONE as u32 - self.parts }
    }

    /// The number without a sign for per cent, in the fewest digits.
    pub(super) fn text(self) -> String {
        let (whole, fraction) = (self.parts / 10_000_000, self.parts % 10_000_000);
        let text = format!("{whole}.{fraction:07}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

/// The digits of a number, and whether it stood in quotes.
fn written(value: &Expr, example: &str) -> syn::Result<(String, bool)> {
    match literal(value) {
        Some(Lit::Float(number)) => Ok((number.base10_digits().to_owned(), false)),
        Some(Lit::Int(number)) => Ok((number.base10_digits().to_owned(), false)),
        Some(Lit::Str(text)) => {
            let text = text.value();
            Ok((text.trim().trim_end_matches('%').trim_end().to_owned(), true))
        }
        _ if matches!(value, Expr::Unary(syn::ExprUnary { op: syn::UnOp::Neg(_), .. })) => {
            let message = format!("a share cannot be negative; write for example `{example}`");
            Err(syn::Error::new_spanned(value, message))
        }
        _ => {
            let message = format!(
                "expected a number of per cent, such as `{example}`; it is read when the program \
                 is compiled"
            );
            Err(syn::Error::new_spanned(value, message))
        }
    }
}

/// Parts per billion, exactly; what is larger than all is only that.
fn parse(text: &str, span: Span, example: &str) -> syn::Result<u64> {
    let wrong = |message: String| Err(syn::Error::new(span, message));
    if text.starts_with('-') {
        return wrong(format!("a share cannot be negative; write for example `{example}`"));
    }
    let digits = text.replace('_', "");
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !is_number(whole) || !is_number(fraction) {
        let message = format!("`{text}` is no number of per cent; write for example `{example}`");
        return wrong(message);
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > 7 {
        let message = "a share is exact to seven digits behind the point, and this has more: \
                       leave them out";
        return wrong(message.into());
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().unwrap_or(u64::MAX) };
    let fraction: u64 = format!("{fraction:0<7}").parse().unwrap_or(0);
    Ok(whole.saturating_mul(10_000_000).saturating_add(fraction))
}
