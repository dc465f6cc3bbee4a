use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens as _, format_ident, quote};
use syn::Expr;

use super::{
    algorithm::{self, Algorithm},
    layer::Building,
    limits,
};
use crate::{
    diagnostics::Diagnostics,
    literal::Period,
    options::Choice,
    settings::{self, Known, Setting},
};

/// `concurrency_limit(vegas(beta = 8), min = 4, max = 200, shares(low = 0.3), priority = expression)`
#[derive(Debug, Default)]
pub(crate) struct ConcurrencyLimit {
    algorithm: Option<Algorithm>,
    min: Option<Bound>,
    max: Option<Bound>,
    initial: Option<Bound>,
    samples: Option<u32>,
    window: Option<Period>,
    window_max: Option<Period>,
    drop_rate: Option<f64>,
    shares: Vec<Share>,
    /// How much a call matters: evaluated once per call.
    pub(crate) priority: Option<Expr>,
}

/// A number of calls, and the word that it was written with.
#[derive(Debug, Clone)]
struct Bound {
    word: Ident,
    calls: u32,
}

/// What part of the limit calls of a priority may fill, and the word that it was written with.
#[derive(Debug)]
struct Share {
    priority: &'static str,
    word: Ident,
    share: f64,
}

pub(super) const KNOWN: Known = &[
    ("aimd", "aimd` or `aimd(backoff = 0.9)"),
    ("vegas", "vegas` or `vegas(alpha = 3, beta = 6)"),
    ("gradient2", "gradient2` or `gradient2(tolerance = 1.5)"),
    ("min", "min = 4"),
    ("max", "max = 200"),
    ("initial", "initial = 20"),
    ("window", "window = \"100ms\""),
    ("window_max", "window_max = \"1s\""),
    ("samples", "samples = 100"),
    ("drop_rate", "drop_rate = 0.05"),
    ("shares", "shares(high = 0.9, normal = 0.8, low = 0.5)"),
    ("priority", "priority = expression"),
];

const SHARES: Known = &[("high", "high = 0.9"), ("normal", "normal = 0.8"), ("low", "low = 0.5")];

/// What stands in parentheses within.
const INNER: &[(&str, Known)] = &[
    ("vegas", algorithm::VEGAS),
    ("gradient2", algorithm::GRADIENT2),
    ("aimd", algorithm::AIMD),
    ("shares", SHARES),
];

impl ConcurrencyLimit {
    pub(super) fn read(diagnostics: &mut Diagnostics, setting: &Setting) -> Self {
        let mut this = Self::default();
        if setting.flag().is_ok() {
            return this;
        }
        let mut choices = setting.choices(diagnostics).unwrap_or_default();
        Self::without_algorithm(diagnostics, &mut choices);
        let choices = settings::without_inner(diagnostics, choices, KNOWN, INNER);
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
        this.check_windows(diagnostics);
        this.check_shares(diagnostics);
        this
    }

    fn take(&mut self, diagnostics: &mut Diagnostics, setting: &Setting) {
        let bound = |diagnostics: &mut Diagnostics| {
            let calls = diagnostics.keep(setting.count(limits::CONCURRENT));
            calls.map(|calls| Bound { word: setting.word().clone(), calls })
        };
        let window = |diagnostics: &mut Diagnostics| {
            diagnostics.keep(setting.period_within(limits::SAMPLING_WINDOW))
        };
        match setting.name {
            "min" => self.min = bound(diagnostics),
            "max" => self.max = bound(diagnostics),
            "initial" => self.initial = bound(diagnostics),
            "window" => self.window = window(diagnostics),
            "window_max" => self.window_max = window(diagnostics),
            "samples" => self.samples = diagnostics.keep(setting.count(limits::SAMPLES)),
            "drop_rate" => self.drop_rate = diagnostics.keep(setting.number(limits::DROP_RATE)),
            "shares" => setting.walk(diagnostics, SHARES, |diagnostics, setting| {
                let (priority, word) = (setting.name, setting.word().clone());
                let share = diagnostics.keep(setting.share(limits::SHARE_MIN));
                self.shares.extend(share.map(|share| Share { priority, word, share }));
            }),
            "priority" => {
                self.priority = diagnostics.keep(setting.expr());
                check_priority(diagnostics, self.priority.as_ref());
            }
            _ => self.take_algorithm(diagnostics, setting),
        }
    }

    /// `algorithm = vegas`, as in a file: here it stands by its name.
    fn without_algorithm(diagnostics: &mut Diagnostics, choices: &mut Vec<Choice>) {
        choices.retain(|choice| {
            let is_algorithm = choice.name == "algorithm";
            if is_algorithm {
                let message = "the algorithm stands by its name: write `vegas`, `gradient2` or \
                               `aimd`, with its parameters in parentheses, as in \
                               `concurrency_limit(vegas(alpha = 3), max = 200)`";
                diagnostics.error(&choice.name, message);
            }
            !is_algorithm
        });
    }

    fn take_algorithm(&mut self, diagnostics: &mut Diagnostics, setting: &Setting) {
        let algorithm = Algorithm::read(diagnostics, setting);
        if let Some(other) = &self.algorithm {
            diagnostics.error(
                setting.word(),
                format!(
                    "`{}` and `{}` exclude each other: one algorithm finds the limit; keep one of \
                     the two",
                    other.name, algorithm.name,
                ),
            );
        }
        self.algorithm = Some(algorithm);
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

    fn check_windows(&self, diagnostics: &mut Diagnostics) {
        let shortest = self.window.map_or(limits::SAMPLING_WINDOW_USUAL, |it| it.duration);
        if let Some(longest) = self.window_max
            && shortest > longest.duration
        {
            let unsaid = if self.window.is_some() { "" } else { ", where nothing is said," };
            diagnostics.push(syn::Error::new(
                longest.span,
                format!(
                    "`window` of {shortest:?}{unsaid} is above `window_max` of {:?}; a window lasts \
                     from the one to the other, the longer the slower calls are",
                    longest.duration,
                ),
            ));
        }
    }

    /// Who matters less must not fill more.
    fn check_shares(&self, diagnostics: &mut Diagnostics) {
        let written = |priority| self.shares.iter().find(|share| share.priority == priority);
        let standard = SHARES.iter().map(|(name, _)| *name).zip(limits::SHARES);
        let all: Vec<_> = standard.map(|(name, share)| (name, written(name), share)).collect();
        for pair in all.windows(2) {
            let [(higher, above, standard_above), (lower, below, standard_below)] = *pair else {
                continue;
            };
            let most = above.map_or(standard_above, |share| share.share);
            let share = below.map_or(standard_below, |share| share.share);
            let Some(wrong) = below.or(above).filter(|_| share > most) else {
                continue;
            };
            let unsaid = |share: Option<&Share>| match share {
                Some(_) => "",
                None => ", where nothing is said",
            };
            let message = format!(
                "calls of `{lower}` priority would fill more ({share}{}) than those of `{higher}` \
                 ({most}{}), and each may fill at most what the next higher one may",
                unsaid(below),
                unsaid(above),
            );
            return diagnostics.error(&wrong.word, message);
        }
    }

    pub(super) fn builder_call(&self, policy: &Building<'_>) -> TokenStream {
        let Building { krate, name, clock, .. } = policy;
        let module = quote!(#krate::resilience::concurrency_limit);
        let count = |name: &str, value: Option<u32>| {
            let name = format_ident!("{name}");
            value.map(Literal::u32_unsuffixed).map(|value| quote!(.#name(#value)))
        };
        let bound = |name, bound: &Option<Bound>| count(name, bound.as_ref().map(|b| b.calls));
        let drop_rate = self.drop_rate.map(Literal::f64_unsuffixed);
        let shares = self.shares.iter().map(|Share { priority, share, .. }| {
            let priority = match *priority {
                "high" => quote!(High),
                "normal" => quote!(Normal),
                _ => quote!(Low),
            };
            let share = Literal::f64_unsuffixed(*share);
            Some(quote!(.share(#module::Priority::#priority, #share)))
        });
        let settings: TokenStream = [
            self.algorithm.as_ref().map(|algorithm| algorithm.tokens(&module)),
            bound("min", &self.min),
            bound("max", &self.max),
            bound("initial", &self.initial),
            self.window.map(|window| quote!(.window(#window))),
            self.window_max.map(|window| quote!(.window_max(#window))),
            count("samples", self.samples),
            drop_rate.map(|rate| quote!(.drop_rate(#rate))),
        ]
        .into_iter()
        .chain(shares)
        .flatten()
        .collect();
        quote!(.concurrency_limit(
            #krate::resilience::ConcurrencyLimit::builder(#name) #settings #clock .build()?
        ))
    }
}

/// A priority is not a word of the attribute: each call may have its own.
pub(super) fn check_priority(diagnostics: &mut Diagnostics, priority: Option<&Expr>) {
    let Some(priority) = priority else { return };
    let written = priority.to_token_stream().to_string();
    let known = ["Critical", "High", "Normal", "Low"];
    let mut known = known.into_iter();
    if let Some(name) = known.find(|name| written.trim_matches('"') == name.to_lowercase()) {
        diagnostics.error(
            priority,
            format!(
                "`priority` is an expression of the type `Priority`, which may depend on the \
                 arguments: write `Priority::{name}`, and `use reliability::resilience::Priority`"
            ),
        );
    }
}
