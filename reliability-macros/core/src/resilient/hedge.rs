use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;
use syn::Expr;

use super::{layer::Building, limits, quantile::Quantile, retry::Budget};
use crate::{
    diagnostics::Diagnostics,
    literal::Period,
    settings::{Known, Setting},
};

/// `hedge(after = p95, max = 1, initial = "300ms")`
#[derive(Debug, Default)]
pub(crate) struct Hedge {
    after: Option<After>,
    max: Option<u32>,
    initial: Option<Period>,
    budget: Option<(Ident, Budget)>,
}

#[derive(Debug)]
enum After {
    Fixed(Period),
    Quantile(Quantile),
}

pub(super) const KNOWN: Known = &[
    ("after", "after = p95"),
    ("max", "max = 1"),
    ("initial", "initial = \"300ms\""),
    ("budget", "budget = \"name\""),
];

impl Hedge {
    pub(super) fn read(diagnostics: &mut Diagnostics, setting: &Setting) -> Self {
        let mut this = Self::default();
        setting.walk_if_any(diagnostics, KNOWN, |diagnostics, setting| match setting.name {
            "after" => this.after = diagnostics.keep(After::read(&setting)),
            "max" => this.max = diagnostics.keep(setting.count(limits::HEDGES)),
            "initial" => {
                let initial = setting.period_within(limits::HEDGE_AFTER);
                this.initial = diagnostics.keep(initial);
            }
            _ => {
                let budget = Budget::read(diagnostics, &setting);
                this.budget = budget.map(|budget| (setting.word().clone(), budget));
            }
        });
        if let (Some(After::Fixed(_)), Some(initial)) = (&this.after, &this.initial) {
            diagnostics.push(syn::Error::new(
                initial.span,
                "`initial` is the delay until a quantile is known, and here the delay is fixed; \
                 remove `initial`, or write for example `after = p95`",
            ));
        }
        this
    }

    /// Two budgets would let both add twice the load that each allows.
    pub(super) fn check_budget(&self, diagnostics: &mut Diagnostics, beside_retry: bool) {
        if let (Some((word, _)), true) = (&self.budget, beside_retry) {
            diagnostics.error(
                word,
                "retries and hedges draw on one budget, or together they would add twice the load \
                 that each allows; write `budget` in `retry(..)`, where it is for both",
            );
        }
    }

    pub(super) fn builder_call(&self, policy: &Building<'_>) -> TokenStream {
        let krate = policy.krate;
        let hedge = quote!(#krate::resilience::Hedge);
        let begin = match &self.after {
            None => quote!(standard()),
            Some(After::Fixed(period)) => quote!(after(#period)),
            Some(After::Quantile(quantile)) => {
                let quantile = quantile.tokens(krate);
                quote!(after(#quantile))
            }
        };
        let max = self.max.map(|max| {
            let max = Literal::u32_unsuffixed(max);
            quote!(.max(#max))
        });
        let initial = self.initial.map(|initial| quote!(.initial(#initial)));
        let budget = self.budget.as_ref().map(|(_, budget)| {
            let budget = budget.tokens(&quote!(#krate::resilience::retry), &policy.name);
            quote!(.budget(#budget))
        });
        quote!(.hedge(#hedge::#begin #max #initial #budget))
    }
}

impl After {
    fn read(setting: &Setting) -> syn::Result<Self> {
        let value = setting.expr()?;
        match value {
            Expr::Lit(_) | Expr::Unary(_) if let Some(meant) = Quantile::meant_by(&value) => {
                let message = format!(
                    "a quantile stands without quotes, as a percentage: write `after = {meant}`; a \
                     delay is a string with its unit, such as `\"80ms\"`"
                );
                Err(syn::Error::new_spanned(value, message))
            }
            Expr::Lit(_) | Expr::Unary(_) => {
                Period::within(&value, limits::HEDGE_AFTER).map(Self::Fixed)
            }
            _ => Quantile::read(&value, "a duration, such as `\"80ms\"`").map(Self::Quantile),
        }
    }
}
