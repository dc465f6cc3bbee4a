use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;
use syn::{LitStr, Path};

use super::{layer::Building, limits};
use crate::{
    diagnostics::Diagnostics,
    literal::Period,
    settings::{self, Known, Setting},
};

/// `retry(attempts = 4, backoff = exponential("50ms", max = "1s"), ..)`
#[derive(Debug, Default)]
pub(crate) struct Retry {
    attempts: Option<u32>,
    backoff: Option<Backoff>,
    jitter: Option<&'static str>,
    budget: Option<Budget>,
    also_when_breaker_open: bool,
    retry_after_max: Option<Period>,
    /// Which errors are worth another attempt.
    pub(crate) when: Option<Path>,
}

/// `exponential("50ms", max = "1s")`
#[derive(Debug)]
pub(crate) struct Backoff {
    word: Ident,
    shape: &'static str,
    first: Period,
    max: Option<Period>,
    factor: Option<f64>,
}

#[derive(Debug, Default)]
pub(super) struct Budget {
    /// Shared with everybody who writes the same name.
    name: Option<LitStr>,
    ratio: Option<f64>,
    capacity: Option<u32>,
}

pub(super) const KNOWN: Known = &[
    ("attempts", "attempts = 3"),
    ("backoff", "backoff = exponential(\"50ms\", max = \"1s\")"),
    ("jitter", "jitter = full"),
    ("budget", "budget = \"name\""),
    ("also", "also(breaker_open)"),
    ("retry_after_max", "retry_after_max = \"60s\""),
    ("when", "when = path::to::predicate"),
];

const BACKOFFS: Known = &[
    ("constant", "constant(\"50ms\")"),
    ("linear", "linear(\"50ms\", max = \"1s\")"),
    ("exponential", "exponential(\"50ms\", max = \"1s\")"),
    ("fibonacci", "fibonacci(\"50ms\", max = \"1s\")"),
    ("decorrelated", "decorrelated(\"50ms\", max = \"1s\")"),
];

const BACKOFF_SETTINGS: Known = &[("max", "max = \"1s\""), ("factor", "factor = 2.0")];
const JITTERS: Known = &[("none", "none"), ("full", "full"), ("equal", "equal")];
const BUDGET_SETTINGS: Known =
    &[("ratio", "ratio = 0.2"), ("capacity", "capacity = 100"), ("name", "name = \"payments\"")];

/// Attempts, unless `attempts` says.
const ATTEMPTS: u32 = 3;

impl Retry {
    pub(super) fn read(diagnostics: &mut Diagnostics, setting: &Setting) -> Self {
        let mut this = Self::default();
        let mut jitter_word = None;
        setting.walk_if_any(diagnostics, KNOWN, |diagnostics, setting| match setting.name {
            "attempts" => this.attempts = diagnostics.keep(attempts(&setting)),
            "backoff" => this.backoff = Backoff::read(diagnostics, &setting),
            "jitter" => {
                jitter_word = Some(setting.word().clone());
                let jitter = setting.variant("jitter", JITTERS);
                this.jitter = diagnostics.keep(jitter).map(|jitter| jitter.name);
            }
            "also" => this.also_when_breaker_open = diagnostics.keep(also(&setting)).is_some(),
            "retry_after_max" => this.retry_after_max = diagnostics.keep(setting.period()),
            "budget" => this.budget = Budget::read(diagnostics, &setting),
            _ => this.when = diagnostics.keep(setting.path()),
        });
        if let (Some(word), Some(backoff)) = (jitter_word, &this.backoff)
            && backoff.shape == "decorrelated"
        {
            diagnostics.error(
                word,
                "`backoff = decorrelated(..)` and `jitter` exclude each other: it is random by \
                 itself; remove `jitter`, or write `exponential(..)`",
            );
        }
        this
    }

    pub(super) fn builder_call(&self, policy: &Building<'_>) -> TokenStream {
        let krate = policy.krate;
        let retry = quote!(#krate::resilience::retry);
        let attempts = Literal::u32_unsuffixed(self.attempts.unwrap_or(ATTEMPTS));
        let jitter = self.jitter.map(|jitter| {
            let variant = match jitter {
                "none" => quote!(None),
                "equal" => quote!(Equal),
                _ => quote!(Full),
            };
            quote!(.jitter(#retry::Jitter::#variant))
        });
        let backoff = match &self.backoff {
            Some(backoff) => {
                let shape = backoff.tokens();
                Some(quote!(.backoff(#retry::Backoff::#shape #jitter)))
            }
            None => jitter.map(|jitter| quote!(.backoff(#retry::Backoff::standard() #jitter))),
        };
        let budget = self.budget.as_ref().map(|budget| {
            let budget = budget.tokens(&retry, &policy.name);
            quote!(.budget(#budget))
        });
        let also = self.also_when_breaker_open.then(|| quote!(.also_when_breaker_open()));
        let longest = self.retry_after_max.map(|longest| quote!(.retry_after_max(#longest)));
        quote!(.retry(#retry::Retry::attempts(#attempts) #backoff #budget #also #longest))
    }
}

fn attempts(setting: &Setting) -> syn::Result<u32> {
    if setting.count(1..=1).is_ok() {
        let message = "`attempts` counts the first call, so 1 makes no retry; write at least 2, or \
                       remove `retry`";
        return Err(syn::Error::new_spanned(setting.expr()?, message));
    }
    setting.count(2..=*limits::ATTEMPTS.end())
}

/// What is retried though the table of dispositions says no.
fn also(setting: &Setting) -> syn::Result<()> {
    let list = setting.list()?;
    if list.to_string() == "breaker_open" {
        return Ok(());
    }
    let message = "`also` names refusals that are retried though they are not by default: \
                   `also(breaker_open)`";
    Err(syn::Error::new_spanned(setting.word(), message))
}

impl Backoff {
    pub(crate) fn read(diagnostics: &mut Diagnostics, setting: &Setting) -> Option<Self> {
        let variant = diagnostics.keep(setting.variant("backoff", BACKOFFS))?;
        let [first] = diagnostics.keep(variant.exactly())?;
        let first = diagnostics.keep(Period::read(first))?;
        let mut this = Self {
            word: variant.word.clone(),
            shape: variant.name,
            first,
            max: None,
            factor: None,
        };
        let owner = format!("`{}`", variant.name);
        settings::walk(
            diagnostics,
            &owner,
            BACKOFF_SETTINGS,
            variant.named,
            |diagnostics, setting| this.take(diagnostics, &setting),
        );
        this.check(diagnostics);
        Some(this)
    }

    fn take(&mut self, diagnostics: &mut Diagnostics, setting: &Setting) {
        match setting.name {
            "max" if self.shape == "constant" => diagnostics.error(
                setting.word(),
                "a constant backoff does not grow, so it has no `max`; remove it",
            ),
            "max" => self.max = diagnostics.keep(setting.period()),
            _ if self.shape != "exponential" => diagnostics.error(
                setting.word(),
                format!(
                    "only an exponential backoff has a `factor`; remove it, or write \
                     `exponential(..)` instead of `{}(..)`",
                    self.word
                ),
            ),
            _ => self.factor = diagnostics.keep(setting.factor(1.0, 100.0)),
        }
    }

    fn check(&self, diagnostics: &mut Diagnostics) {
        if let Some(max) = self.max
            && max.duration < self.first.duration
        {
            diagnostics.push(syn::Error::new(
                max.span,
                "`max` is shorter than the first delay; raise `max`, or start with a shorter delay",
            ));
        }
    }

    /// A call of one of the constructors of the runtime's `Backoff`, and of its setters.
    pub(crate) fn tokens(&self) -> TokenStream {
        let shape = Ident::new(self.shape, proc_macro2::Span::call_site());
        let first = &self.first;
        let max = self.max.map(|max| quote!(.max(#max)));
        let factor = self.factor.map(|factor| {
            let factor = Literal::f64_unsuffixed(factor);
            quote!(.factor(#factor))
        });
        quote!(#shape(#first) #max #factor)
    }
}

impl Budget {
    pub(super) fn read(diagnostics: &mut Diagnostics, setting: &Setting) -> Option<Self> {
        let mut this = Self::default();
        if !setting.is_list() {
            this.name = Some(diagnostics.keep(setting.text())?);
            return Some(this);
        }
        setting.walk(diagnostics, BUDGET_SETTINGS, |diagnostics, setting| match setting.name {
            "ratio" => this.ratio = diagnostics.keep(setting.share(limits::BUDGET_RATIO_MIN)),
            "capacity" => this.capacity = diagnostics.keep(setting.count(limits::BUDGET_CAPACITY)),
            _ => this.name = diagnostics.keep(setting.text()),
        });
        Some(this)
    }

    /// A `Result<RetryBudget, Invalid>`, unwrapped by `?` in the function that builds the policy.
    pub(super) fn tokens(&self, retry: &TokenStream, name: &TokenStream) -> TokenStream {
        let settled = self.ratio.is_some() || self.capacity.is_some();
        let name = match &self.name {
            Some(name) => quote!(#name),
            None => name.clone(),
        };
        if !settled && self.name.is_some() {
            return quote!(#retry::RetryBudget::shared(#name)?);
        }
        let ratio = self.ratio.map(|ratio| {
            let ratio = Literal::f64_unsuffixed(ratio);
            quote!(.ratio(#ratio))
        });
        let capacity = self.capacity.map(|capacity| {
            let capacity = Literal::u32_unsuffixed(capacity);
            quote!(.capacity(#capacity))
        });
        let end = if self.name.is_some() { quote!(shared) } else { quote!(build) };
        quote!(#retry::RetryBudget::builder(#name) #ratio #capacity .#end()?)
    }
}
