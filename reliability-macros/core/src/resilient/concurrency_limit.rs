use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};
use syn::Expr;

use super::{layer::Building, limits};
use crate::{
    diagnostics::Diagnostics,
    literal::Period,
    settings::{self, Known, Setting},
};

/// `concurrency_limit(gradient2, min = 4, max = 200, initial = 20, priority = expression)`
#[derive(Debug, Default)]
pub(crate) struct ConcurrencyLimit {
    algorithm: Option<&'static str>,
    min: Option<Bound>,
    max: Option<Bound>,
    initial: Option<Bound>,
    samples: Option<u32>,
    window: Option<Period>,
    drop_rate: Option<f64>,
    /// How much a call matters: evaluated once per call.
    pub(crate) priority: Option<Expr>,
}

/// A number of calls, and the word that it was written with.
#[derive(Debug, Clone)]
struct Bound {
    word: Ident,
    calls: u32,
}

pub(super) const KNOWN: Known = &[
    ("aimd", "aimd"),
    ("vegas", "vegas"),
    ("gradient2", "gradient2"),
    ("min", "min = 4"),
    ("max", "max = 200"),
    ("initial", "initial = 20"),
    ("window", "window = \"100ms\""),
    ("samples", "samples = 100"),
    ("drop_rate", "drop_rate = 0.05"),
    ("priority", "priority = expression"),
];

impl ConcurrencyLimit {
    pub(super) fn read(diagnostics: &mut Diagnostics, setting: &Setting) -> Self {
        let mut this = Self::default();
        if setting.flag().is_ok() {
            return this;
        }
        let Some(choices) = setting.choices(diagnostics) else {
            return this;
        };
        settings::walk(
            diagnostics,
            "`concurrency_limit`",
            KNOWN,
            choices,
            |diagnostics, setting| {
                this.take(diagnostics, &setting);
            },
        );
        this.check_bounds(diagnostics);
        this
    }

    fn take(&mut self, diagnostics: &mut Diagnostics, setting: &Setting) {
        let bound = |diagnostics: &mut Diagnostics| {
            let calls = diagnostics.keep(setting.count(limits::CONCURRENT));
            calls.map(|calls| Bound { word: setting.word().clone(), calls })
        };
        match setting.name {
            "min" => self.min = bound(diagnostics),
            "max" => self.max = bound(diagnostics),
            "initial" => self.initial = bound(diagnostics),
            "window" => {
                self.window = diagnostics.keep(setting.period_within(limits::SAMPLING_WINDOW));
            }
            "samples" => self.samples = diagnostics.keep(setting.count(limits::SAMPLES)),
            "drop_rate" => self.drop_rate = diagnostics.keep(setting.share(limits::SHARE_MIN)),
            "priority" => self.priority = diagnostics.keep(setting.expr()),
            algorithm => {
                diagnostics.keep(setting.flag());
                if let Some(other) = self.algorithm {
                    diagnostics.error(
                        setting.word(),
                        format!(
                            "`{other}` and `{algorithm}` exclude each other: one algorithm finds \
                             the limit; keep one of the two"
                        ),
                    );
                }
                self.algorithm = Some(algorithm);
            }
        }
    }

    fn check_bounds(&self, diagnostics: &mut Diagnostics) {
        let pairs =
            [(&self.min, &self.max), (&self.min, &self.initial), (&self.initial, &self.max)];
        for (lower, upper) in pairs {
            if let (Some(lower), Some(upper)) = (lower, upper)
                && lower.calls > upper.calls
            {
                diagnostics.error(
                    &upper.word,
                    format!(
                        "`{}` of {} is above `{}` of {}; the limit begins at `initial`, and stays \
                         from `min` to `max`",
                        lower.word, lower.calls, upper.word, upper.calls,
                    ),
                );
                return;
            }
        }
    }

    pub(super) fn builder_call(&self, policy: &Building<'_>) -> TokenStream {
        let Building { krate, name, clock, .. } = policy;
        let module = quote!(#krate::resilience::concurrency_limit);
        let algorithm = self.algorithm.map(|algorithm| {
            let algorithm = match algorithm {
                "aimd" => quote!(Aimd),
                "vegas" => quote!(Vegas),
                _ => quote!(Gradient2),
            };
            quote!(.algorithm(#module::#algorithm::standard()))
        });
        let count = |name: &str, value: Option<u32>| {
            let name = format_ident!("{name}");
            value.map(Literal::u32_unsuffixed).map(|value| quote!(.#name(#value)))
        };
        let bound = |name, bound: &Option<Bound>| count(name, bound.as_ref().map(|b| b.calls));
        let drop_rate = self.drop_rate.map(Literal::f64_unsuffixed);
        let settings: TokenStream = [
            algorithm,
            bound("min", &self.min),
            bound("max", &self.max),
            bound("initial", &self.initial),
            self.window.map(|window| quote!(.window(#window))),
            count("samples", self.samples),
            drop_rate.map(|rate| quote!(.drop_rate(#rate))),
        ]
        .into_iter()
        .flatten()
        .collect();
        quote!(.concurrency_limit(
            #krate::resilience::ConcurrencyLimit::builder(#name) #settings #clock .build()?
        ))
    }
}
