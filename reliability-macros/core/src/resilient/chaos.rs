use proc_macro2::{Ident, Literal, TokenStream};
use quote::{quote, quote_spanned};
use syn::{
    Expr, ExprRange, Path, RangeLimits, ReturnType, Type, spanned::Spanned as _, visit::Visit,
};

use super::{
    layer::{Building, Kind, Layer},
    limits,
};
use crate::{
    crate_path::CratePath,
    diagnostics::Diagnostics,
    literal::Period,
    settings::{self, Known, Setting},
};

/// `chaos(latency("200ms", rate = 0.05), error(rate = 0.01), hang(rate = 0.001))`
#[derive(Debug, Default)]
pub(crate) struct Chaos {
    latency: Option<(Period, Period, f64)>,
    error: Option<f64>,
    hang: Option<(Ident, f64)>,
    seed: Option<u64>,
    /// What makes the error that stands for an injected one.
    make: Option<Path>,
}

pub(super) const KNOWN: Known = &[
    ("latency", "latency(\"200ms\", rate = 0.05)"),
    ("error", "error(rate = 0.01)"),
    ("hang", "hang(rate = 0.001)"),
    ("seed", "seed = 7"),
];

const LATENCY: Known = &[("rate", "rate = 0.05")];
const ERROR: Known = &[("rate", "rate = 0.01"), ("make", "make = path::to::function")];
const HANG: Known = &[("rate", "rate = 0.001")];

impl Chaos {
    pub(super) fn read(diagnostics: &mut Diagnostics, setting: &Setting) -> Self {
        let mut this = Self::default();
        let mut own = Diagnostics::new();
        setting.walk(&mut own, KNOWN, |own, setting| match setting.name {
            "latency" => this.latency = latency(own, &setting),
            "error" => this.read_error(own, &setting),
            "hang" => {
                let rate = only_rate(own, &setting);
                this.hang = rate.map(|rate| (setting.word().clone(), rate));
            }
            _ => this.seed = own.keep(seed(&setting)),
        });
        // After a mistake a rate may only seem to be missing.
        if !own.has_errors() {
            this.check_rates(&mut own, setting.word());
        }
        diagnostics.absorb(own);
        this
    }

    fn read_error(&mut self, diagnostics: &mut Diagnostics, setting: &Setting) {
        let mut rate = None;
        let mut own = Diagnostics::new();
        setting.walk(&mut own, ERROR, |own, setting| match setting.name {
            "rate" => rate = own.keep(setting.share(limits::SHARE_MIN)),
            _ => self.make = own.keep(setting.path()),
        });
        if rate.is_none() && !own.has_errors() {
            own.error(setting.word(), rate_is_missing("error(rate = 0.01)"));
        }
        diagnostics.absorb(own);
        self.error = rate;
    }

    fn check_rates(&self, diagnostics: &mut Diagnostics, word: &Ident) {
        let latency = self.latency.map(|(_, _, rate)| rate);
        let hang = self.hang.as_ref().map(|(_, rate)| *rate);
        let rates: Vec<f64> = [latency, self.error, hang].into_iter().flatten().collect();
        if rates.is_empty() {
            diagnostics.error(
                word,
                "`chaos` has nothing to do: say at least one of `latency(\"200ms\", rate = 0.05)`, \
                 `error(rate = 0.01)` and `hang(rate = 0.001)`",
            );
        }
        let sum: f64 = rates.iter().sum();
        if sum > 1.0 + 1e-9 {
            let message = format!(
                "the rates add up to {sum}, but an attempt gets at most one fault; lower one of \
                 them, so that they add up to at most 1"
            );
            diagnostics.error(word, message);
        }
    }

    pub(super) fn builder_call(&self, policy: &Building<'_>) -> TokenStream {
        let Building { krate, name, .. } = policy;
        let latency = self.latency.map(|(from, to, rate)| {
            let rate = Literal::f64_unsuffixed(rate);
            if from.duration == to.duration {
                quote!(.latency(#from, #rate))
            } else {
                quote!(.latency_between(#from, #to, #rate))
            }
        });
        let error = self.error.map(|rate| {
            let rate = Literal::f64_unsuffixed(rate);
            quote!(.error(#rate))
        });
        let hang = self.hang.as_ref().map(|(_, rate)| {
            let rate = Literal::f64_unsuffixed(*rate);
            quote!(.hang(#rate))
        });
        let seed = self.seed.map(|seed| {
            let seed = Literal::u64_unsuffixed(seed);
            quote!(.seed(#seed))
        });
        quote!(
            #krate::resilience::chaos::Chaos::builder(#name) #latency #error #hang #seed .build()?
        )
    }

    /// The classifier, told what to make of an injected error.
    ///
    /// The function's own result says first what an error is, so that another one is told of where
    /// it is named.
    pub(super) fn classifier(
        &self,
        krate: &CratePath,
        classifier: TokenStream,
        output: &ReturnType,
    ) -> TokenStream {
        let Some(make) = &self.make else {
            return classifier;
        };
        let make = match output {
            ReturnType::Type(_, ty) if !mentions_impl_trait(ty) => {
                let here = krate.at(make.span());
                quote_spanned!(make.span()=> #here::__private::makes::<#ty>(#make))
            }
            _ => quote!(#make),
        };
        quote!(#krate::__private::inject_with(#classifier, #make))
    }
}

fn mentions_impl_trait(ty: &Type) -> bool {
    struct Finder(bool);

    impl Visit<'_> for Finder {
        fn visit_type_impl_trait(&mut self, _: &syn::TypeImplTrait) {
            self.0 = true;
        }
    }

    let mut finder = Finder(false);
    finder.visit_type(ty);
    finder.0
}

/// A call that hangs has to end some time.
pub(super) fn check_bound(diagnostics: &mut Diagnostics, layers: &[Layer]) {
    let bounded =
        layers.iter().any(|layer| matches!(layer.kind, Kind::Deadline(_) | Kind::Timeout(_)));
    for layer in layers {
        if let Kind::Chaos(chaos) = &layer.kind
            && let (Some((word, _)), false) = (&chaos.hang, bounded)
        {
            diagnostics.error(
                word,
                "a call that hangs would hang for ever; add `timeout = \"800ms\"` in front of \
                 `chaos`, or remove `hang`",
            );
        }
    }
}

/// `latency("200ms", rate = 0.05)`, or `latency("50ms".."200ms", rate = 0.05)`.
fn latency(diagnostics: &mut Diagnostics, setting: &Setting) -> Option<(Period, Period, f64)> {
    let written = diagnostics.keep(setting.call())?;
    let bounds = match diagnostics.keep(written.exactly::<1>())? {
        [Expr::Range(range)] => diagnostics.keep(between(range)),
        [one] => diagnostics.keep(Period::within(one, limits::LATENCY)).map(|one| (one, one)),
    };
    let mut rate = None;
    let mut own = Diagnostics::new();
    settings::walk(&mut own, "`latency`", LATENCY, written.named, |own, setting| {
        rate = own.keep(setting.share(limits::SHARE_MIN));
    });
    if rate.is_none() && !own.has_errors() {
        own.error(&written.word, rate_is_missing("latency(\"200ms\", rate = 0.05)"));
    }
    diagnostics.absorb(own);
    let ((from, to), rate) = bounds.zip(rate)?;
    Some((from, to, rate))
}

fn between(range: &ExprRange) -> syn::Result<(Period, Period)> {
    let (Some(from), Some(to), RangeLimits::HalfOpen(_)) = (&range.start, &range.end, range.limits)
    else {
        let message = "write both ends of the range: `latency(\"50ms\"..\"200ms\", rate = 0.05)`";
        return Err(syn::Error::new_spanned(range, message));
    };
    let (from, to) = (Period::within(from, limits::LATENCY)?, Period::within(to, limits::LATENCY)?);
    if from.duration >= to.duration {
        let message =
            "the shorter latency comes first: `latency(\"50ms\"..\"200ms\", rate = 0.05)`";
        return Err(syn::Error::new_spanned(range, message));
    }
    Ok((from, to))
}

fn only_rate(diagnostics: &mut Diagnostics, setting: &Setting) -> Option<f64> {
    let mut rate = None;
    let mut own = Diagnostics::new();
    setting.walk(&mut own, HANG, |own, setting| {
        rate = own.keep(setting.share(limits::SHARE_MIN));
    });
    if rate.is_none() && !own.has_errors() {
        own.error(setting.word(), rate_is_missing("hang(rate = 0.001)"));
    }
    diagnostics.absorb(own);
    rate
}

fn rate_is_missing(example: &str) -> String {
    format!("how often? Write `{example}`: the share of the attempts")
}

fn seed(setting: &Setting) -> syn::Result<u64> {
    let value = setting.expr()?;
    let number = match &value {
        Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(number), .. }) => number.base10_parse().ok(),
        _ => None,
    };
    number.ok_or_else(|| {
        let message = "expected a whole number from 0 to 18446744073709551615, written out";
        syn::Error::new_spanned(&value, message)
    })
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use crate::resilient::expand;

    fn expansion(args: proc_macro2::TokenStream) -> String {
        expand(
            args,
            quote!(
                async fn price() -> Result<u32, E> {}
            ),
        )
        .to_string()
    }

    #[test]
    fn it_goes_around_the_whole_builder_so_that_it_can_be_left_out() {
        let text = expansion(quote!(timeout = "1s", chaos(error(rate = 0.01), seed = 3)));
        let builder = quote!(::reliability::__private::chaos!(
            ::reliability::resilience::Policy::builder("price")
                .timeout(::core::time::Duration::from_secs(1)),
            ::reliability::resilience::chaos::Chaos::builder("price")
                .error(0.01)
                .seed(3)
                .build()?
        ));
        assert!(text.contains(&builder.to_string()), "{text}");
        assert!(!text.contains("inject_with"), "{text}");
    }

    #[test]
    fn the_users_error_is_named_where_errors_are_classified() {
        let text = expansion(quote!(chaos(error(rate = 0.01, make = my::busy))));
        let made = quote!(::reliability::__private::makes::<Result<u32, E>>(my::busy));
        let without_spaces = |text: String| text.replace(' ', "");
        assert!(without_spaces(text.clone()).contains(&without_spaces(made.to_string())), "{text}");
        assert!(text.contains("inject_with"), "{text}");
    }

    #[test]
    fn mistakes_in_one_part_are_told_once() {
        for (args, count) in [
            (quote!(chaos), 1),
            (quote!(chaos()), 1),
            (quote!(chaos(hang)), 1),
            (quote!(chaos(hang(rate = 0.1))), 1),
            (quote!(chaos(latency(rate = 0.1))), 1),
            (quote!(chaos(latency("1s", "2s", rate = 0.1))), 1),
            (quote!(chaos(latency("1s"..="2s", rate = 0.1))), 1),
            (quote!(chaos(latency("2h", rate = 0.1))), 1),
            (quote!(chaos(error(make = f))), 1),
            (quote!(chaos(error(rate = 2), latency("1s"), seed = -1)), 3),
            (quote!(chaos(error(rate = 0.1)), retry, breaker, timeout = "1s", idempotent), 1),
        ] {
            let text = expansion(args.clone());
            assert_eq!(text.matches("compile_error").count(), count, "{args}: {text}");
        }
    }
}
