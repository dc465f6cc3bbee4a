use core::time::Duration;

use proc_macro2::Span;
use syn::{Expr, Lit};

use super::Percent;
use crate::literal::{Period, literal};

/// `"99% < 500ms"` or `"p99 < 500ms"`.
#[derive(Debug)]
pub(super) struct Latency {
    pub(super) target: Percent,
    pub(super) threshold: Period,
    pub(super) span: Span,
}

/// A call that takes an hour is not a call.
const LONGEST: Duration = Duration::from_secs(3600);

impl Latency {
    pub(super) fn read(value: &Expr) -> syn::Result<Self> {
        let wrong = |message: String| Err(syn::Error::new_spanned(value, message));
        let Some(Lit::Str(text)) = literal(value) else {
            return wrong(
                "a promise about latency is a share of calls and how long they may take: write \
                 `latency: \"99% < 500ms\"`"
                    .into(),
            );
        };
        let (written, span) = (text.value(), text.span());
        let Some((share, threshold)) = written.split_once('<') else {
            let message = format!(
                "`{written}` says no threshold: write `\"99% < 500ms\"`, the share of calls and \
                 below what they stay"
            );
            return wrong(message);
        };
        let threshold = threshold.trim().trim_start_matches('=').trim();
        let share = share.trim();
        let share = share.strip_prefix(['p', 'P']).unwrap_or(share);
        let target = Percent::in_text(share, span)?;
        let quoted = syn::LitStr::new(threshold, span);
        let threshold = Period::read(&syn::parse_quote!(#quoted))?;
        if threshold.duration > LONGEST {
            return wrong(
                "a threshold is at most an hour: write for example `\"99% < 2s\"`".into(),
            );
        }
        Ok(Self { target, threshold, span })
    }

    /// What it is called where there are several.
    pub(super) fn name(&self) -> String {
        format!("latency-p{}", self.target.text())
    }
}
