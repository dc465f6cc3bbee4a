use proc_macro2::{Literal, TokenStream};
use quote::quote;
use syn::{BinOp, Expr, ExprBinary};

use super::{layer::Building, limits, quantile::Quantile};
use crate::{
    diagnostics::Diagnostics,
    literal::{self, Period},
    options::Value,
    settings::{self, Known, Setting},
};

/// `timeout = "800ms"`, or `timeout = adaptive(p99 * 2, min = "50ms", max = "2s")`
#[derive(Debug)]
pub(crate) enum Timeout {
    Fixed(Period),
    Adaptive(Adaptive),
}

#[derive(Debug)]
pub(crate) struct Adaptive {
    quantile: Quantile,
    factor: Option<f64>,
    min: Option<Period>,
    max: Option<Period>,
}

const KINDS: Known = &[("adaptive", "adaptive(p99 * 2, min = \"50ms\", max = \"2s\")")];
const KNOWN: Known = &[("min", "min = \"50ms\""), ("max", "max = \"2s\"")];

const A_MULTIPLE: &str = "a multiple of one, such as `p99 * 2`";

impl Timeout {
    pub(super) fn read(diagnostics: &mut Diagnostics, setting: &Setting) -> Option<Self> {
        let value = diagnostics.keep(setting.expr())?;
        if !is_kind(&value) {
            return diagnostics.keep(Period::read(&value)).map(Self::Fixed);
        }
        let variant = diagnostics.keep(setting.variant("timeout", KINDS))?;
        let mut named = variant.named.into_iter().peekable();
        let following = match variant.values.as_slice() {
            [following] => Some(following.clone()),
            // A quantile alone looks like a setting without a value.
            [] => named.next_if(|first| matches!(first.value, Value::Absent)).map(|first| {
                let name = first.name;
                syn::parse_quote!(#name)
            }),
            _ => None,
        };
        let Some(following) = following else {
            let message = format!("write `{}`", KINDS[0].1);
            diagnostics.error(&variant.word, message);
            return None;
        };
        let (quantile, factor) = diagnostics.keep(scaled(&following))?;
        let mut this = Adaptive { quantile, factor, min: None, max: None };
        settings::walk(
            diagnostics,
            "`adaptive`",
            KNOWN,
            named.collect(),
            |diagnostics, setting| {
                let period = diagnostics.keep(setting.period_within(limits::ADAPTIVE_TIMEOUT));
                match setting.name {
                    "min" => this.min = period,
                    _ => this.max = period,
                }
            },
        );
        this.check(diagnostics);
        Some(Self::Adaptive(this))
    }

    /// What it is at most, where that is written.
    pub(super) fn longest(&self) -> Option<&Period> {
        match self {
            Self::Fixed(period) => Some(period),
            Self::Adaptive(adaptive) => adaptive.max.as_ref(),
        }
    }

    pub(super) fn builder_call(&self, policy: &Building<'_>) -> TokenStream {
        let krate = policy.krate;
        match self {
            Self::Fixed(period) => quote!(.timeout(#period)),
            Self::Adaptive(adaptive) => {
                let quantile = adaptive.quantile.tokens(krate);
                let factor = adaptive.factor.map(|factor| {
                    let factor = Literal::f64_unsuffixed(factor);
                    quote!(.times(#factor))
                });
                let min = adaptive.min.map(|min| quote!(.min(#min)));
                let max = adaptive.max.map(|max| quote!(.max(#max)));
                let timeout = quote!(#krate::resilience::timeout::Timeout);
                quote!(.timeout(#timeout::adaptive(#quantile) #factor #min #max))
            }
        }
    }
}

impl Adaptive {
    fn check(&self, diagnostics: &mut Diagnostics) {
        let duration = |period: Option<Period>, default| period.map_or(default, |it| it.duration);
        let min = duration(self.min, limits::ADAPTIVE_MIN);
        let max = duration(self.max, limits::ADAPTIVE_MAX);
        if min >= max
            && let Some(wrong) = self.min.or(self.max)
        {
            let message = format!(
                "`min` must be shorter than `max`, but they are {min:?} and {max:?}; where both are \
                 the same, write a fixed timeout"
            );
            diagnostics.push(syn::Error::new(wrong.span, message));
        }
    }
}

/// Whether the value names a kind of timeout, and is not a duration.
fn is_kind(value: &Expr) -> bool {
    match value {
        // One word, misspelt perhaps; a path is a duration that is computed.
        Expr::Call(call) => {
            matches!(&*call.func, Expr::Path(path) if path.path.get_ident().is_some())
        }
        Expr::Path(path) => path.path.is_ident("adaptive"),
        _ => false,
    }
}

/// `p99`, or `p99 * 2`.
fn scaled(value: &Expr) -> syn::Result<(Quantile, Option<f64>)> {
    match value {
        Expr::Binary(ExprBinary { left, op: BinOp::Mul(_), right, .. }) => {
            let quantile = Quantile::read(left, A_MULTIPLE)?;
            let factor = literal::factor(right, 1.0, *limits::ADAPTIVE_FACTOR.end())?;
            if !limits::ADAPTIVE_FACTOR.contains(&factor) {
                return Err(syn::Error::new_spanned(
                    right,
                    "a timeout that is hardly longer than what attempts take cannot grow with them; \
                     write at least `1.25`",
                ));
            }
            Ok((quantile, Some(factor)))
        }
        _ => Ok((Quantile::read(value, A_MULTIPLE)?, None)),
    }
}
