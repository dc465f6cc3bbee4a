use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens as _, quote};
use syn::{Expr, Lit};

use super::limits;
use crate::{crate_path::CratePath, literal::literal};

/// `p95`, `p99.9`: a share of attempts, in millionths.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quantile {
    millionths: u32,
}

const PER_PERCENT: f64 = 10_000.0;

impl Quantile {
    /// Reads it; `or` says what else might have been written in its place.
    pub(super) fn read(value: &Expr, or: &str) -> syn::Result<Self> {
        let written: String = value.to_token_stream().to_string().split_whitespace().collect();
        let percent = written.strip_prefix('p').and_then(|number| number.parse::<f64>().ok());
        let Some(percent) = percent else {
            return Err(syn::Error::new_spanned(
                value,
                format!(
                    "expected a quantile of what attempts took lately, such as `p95` or `p99.9`, or \
                     {or}"
                ),
            ));
        };
        let this = Self { millionths: (percent * PER_PERCENT).round() as u32 };
        if limits::QUANTILE_MILLIONTHS.contains(&this.millionths) {
            return Ok(this);
        }
        Err(syn::Error::new_spanned(
            value,
            "expected a quantile from `p50` to `p99.9`: below, it would say more of the usual \
             attempt than of the slow one; above, the last thousand attempts do not know it",
        ))
    }

    /// What is meant by `"p95"`, `"95%"` and `0.95`, as it is written here.
    pub(super) fn meant_by(value: &Expr) -> Option<String> {
        let percent = match literal(value)? {
            Lit::Str(text) => {
                let text = text.value();
                let percent = text.strip_prefix('p').or_else(|| text.strip_suffix('%'))?;
                percent.trim().parse::<f64>().ok()?
            }
            // In floating point 0.999 times 100 is not 99.9.
            Lit::Float(share) => {
                let share = share.base10_parse::<f64>().ok().filter(|share| *share < 1.0)?;
                (share * 1e5).round() / 1e3
            }
            _ => return None,
        };
        Some(format!("p{percent}"))
    }

    /// As a value of the runtime crate.
    pub(super) fn tokens(self, krate: &CratePath) -> TokenStream {
        let quantile = quote!(#krate::sync::Quantile);
        match self.millionths {
            500_000 => quote!(#quantile::P50),
            900_000 => quote!(#quantile::P90),
            950_000 => quote!(#quantile::P95),
            990_000 => quote!(#quantile::P99),
            millionths => {
                let share = Literal::f64_unsuffixed(f64::from(millionths) / 1_000_000.0);
                quote!(#quantile::of(#share))
            }
        }
    }
}
