use proc_macro2::{Literal, TokenStream};
use quote::{format_ident, quote};
use syn::Path;

use super::{layer::Building, limits};
use crate::{
    crate_path::CratePath,
    diagnostics::Diagnostics,
    literal::{self, Period},
    settings::{Known, Setting},
};

/// `breaker(window = count(100), failure_rate = 0.5, ..)`
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    window: Option<Window>,
    failure_rate: Option<f64>,
    slow_calls: Option<(Period, f64)>,
    min_calls: Option<u32>,
    open_for: Option<Period>,
    open_growth: Option<(f64, Period)>,
    open_jitter: Option<f64>,
    probes: Option<u32>,
    half_open_for: Option<Period>,
    /// Which errors count as failures of the dependency.
    pub(crate) when: Option<Path>,
}

#[derive(Debug, Clone, Copy)]
enum Window {
    Count(u32),
    Time(Period),
    Consecutive(u32),
}

pub(super) const KNOWN: Known = &[
    ("window", "window = count(100)"),
    ("failure_rate", "failure_rate = 0.5"),
    ("slow_calls", "slow_calls(\"500ms\", 0.8)"),
    ("min_calls", "min_calls = 20"),
    ("open_for", "open_for = \"5s\""),
    ("open_growth", "open_growth(2.0, \"60s\")"),
    ("open_jitter", "open_jitter = 0.2"),
    ("probes", "probes = 3"),
    ("half_open_for", "half_open_for = \"30s\""),
    ("when", "when = path::to::predicate"),
];

const WINDOWS: Known =
    &[("count", "count(100)"), ("time", "time(\"10s\")"), ("consecutive", "consecutive(5)")];

impl Breaker {
    pub(super) fn read(diagnostics: &mut Diagnostics, setting: &Setting) -> Self {
        let mut this = Self::default();
        setting.walk_if_any(diagnostics, KNOWN, |diagnostics, setting| {
            this.take(diagnostics, &setting);
        });
        this
    }

    fn take(&mut self, diagnostics: &mut Diagnostics, setting: &Setting) {
        match setting.name {
            "window" => self.window = diagnostics.keep(window(setting)),
            "failure_rate" => {
                self.check_rate(diagnostics, setting);
                self.failure_rate = diagnostics.keep(setting.share(limits::SHARE_MIN));
            }
            "slow_calls" => {
                self.check_rate(diagnostics, setting);
                self.slow_calls = diagnostics.keep(slow_calls(setting));
            }
            "min_calls" => self.min_calls = diagnostics.keep(setting.count(limits::CALLS)),
            "open_for" => self.open_for = diagnostics.keep(setting.period_within(limits::OPEN_FOR)),
            "open_growth" => self.open_growth = diagnostics.keep(open_growth(setting)),
            "open_jitter" => self.open_jitter = diagnostics.keep(setting.share(limits::SHARE_MIN)),
            "half_open_for" => {
                self.half_open_for = diagnostics.keep(setting.period_within(limits::OPEN_FOR))
            }
            "probes" => self.probes = diagnostics.keep(setting.count(limits::PROBES)),
            _ => self.when = diagnostics.keep(setting.path()),
        }
    }

    /// A run of failures is no share of anything.
    fn check_rate(&self, diagnostics: &mut Diagnostics, setting: &Setting) {
        if let Some(Window::Consecutive(_)) = self.window {
            diagnostics.error(
                setting.word(),
                format!(
                    "`window = consecutive(..)` and `{}` exclude each other: failures in a row \
                     are no share of the calls; write `window = count(100)`, or remove `{}`",
                    setting.name, setting.name,
                ),
            );
        }
    }

    pub(super) fn builder_call(&self, policy: &Building<'_>) -> TokenStream {
        let Building { krate, name, clock, keyed } = policy;
        let settings = self.settings(krate);
        // One of many: it gives up its stripes, so that a thousand of them fit into memory.
        let compact = keyed.then(|| quote!(.compact()));
        quote!(.breaker(
            #krate::resilience::Breaker::builder(#name) #settings #clock #compact .build()?
        ))
    }

    fn settings(&self, krate: &CratePath) -> TokenStream {
        let count = |name: &str, value: Option<u32>| {
            let name = format_ident!("{name}");
            let value = value.map(Literal::u32_unsuffixed);
            value.map(|value| quote!(.#name(#value)))
        };
        let share = |name: &str, value: Option<f64>| {
            let name = format_ident!("{name}");
            let value = value.map(Literal::f64_unsuffixed);
            value.map(|value| quote!(.#name(#value)))
        };
        let window = self.window.map(|window| window.tokens(krate));
        let slow_calls = self.slow_calls.map(|(slow_after, rate)| {
            let rate = Literal::f64_unsuffixed(rate);
            quote!(.slow_calls(#slow_after, #rate))
        });
        let open_growth = self.open_growth.map(|(factor, max)| {
            let factor = Literal::f64_unsuffixed(factor);
            quote!(.open_growth(#factor, #max))
        });
        let settings = [
            window,
            share("failure_rate", self.failure_rate),
            slow_calls,
            count("min_calls", self.min_calls),
            self.open_for.map(|period| quote!(.open_for(#period))),
            open_growth,
            share("open_jitter", self.open_jitter),
            count("probes", self.probes),
            self.half_open_for.map(|period| quote!(.half_open_for(#period))),
        ];
        settings.into_iter().flatten().collect()
    }
}

impl Window {
    fn tokens(self, krate: &CratePath) -> TokenStream {
        let window = match self {
            Self::Time(length) => quote!(time(#length)),
            Self::Count(calls) => {
                let calls = Literal::u32_unsuffixed(calls);
                quote!(count(#calls))
            }
            Self::Consecutive(failures) => {
                let failures = Literal::u32_unsuffixed(failures);
                quote!(consecutive(#failures))
            }
        };
        quote!(.window(#krate::resilience::breaker::Window::#window))
    }
}

fn window(setting: &Setting) -> syn::Result<Window> {
    let window = setting.variant("window of calls", WINDOWS)?;
    let [size] = window.exactly()?;
    match window.name {
        "count" => literal::count(size, limits::CALLS).map(Window::Count),
        "time" => Period::within(size, limits::TIME_WINDOW).map(Window::Time),
        _ => literal::count(size, limits::CALLS).map(Window::Consecutive),
    }
}

fn slow_calls(setting: &Setting) -> syn::Result<(Period, f64)> {
    let call = setting.call()?;
    let [slow_after, rate] = call.exactly()?;
    Ok((Period::within(slow_after, limits::SLOW_AFTER)?, literal::share(rate, limits::SHARE_MIN)?))
}

fn open_growth(setting: &Setting) -> syn::Result<(f64, Period)> {
    let call = setting.call()?;
    let [factor, max] = call.exactly()?;
    Ok((literal::factor(factor, 1.0, 100.0)?, Period::within(max, limits::OPEN_FOR)?))
}
