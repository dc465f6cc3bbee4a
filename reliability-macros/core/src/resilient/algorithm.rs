//! How an adaptive limit finds its limit, and the parameters of that.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, format_ident, quote};

use super::limits;
use crate::{
    diagnostics::Diagnostics,
    literal::Period,
    settings::{Known, Setting},
};

/// `vegas(alpha = 3, probe_share = 0.75)`
#[derive(Debug)]
pub(super) struct Algorithm {
    /// As it is written.
    pub(super) name: &'static str,
    parameters: Vec<Parameter>,
}

#[derive(Debug)]
struct Parameter {
    name: &'static str,
    word: Ident,
    value: Value,
}

#[derive(Debug)]
enum Value {
    Count(u32),
    Number(f64),
    Period(Period),
}

pub(super) const AIMD: Known = &[("backoff", "backoff = 0.9"), ("timeout", "timeout = \"5s\"")];

pub(super) const VEGAS: Known = &[
    ("alpha", "alpha = 3"),
    ("beta", "beta = 6"),
    ("alpha_share", "alpha_share = 0.1"),
    ("beta_share", "beta_share = 0.2"),
    ("smoothing", "smoothing = 1.0"),
    ("no_load_smoothing", "no_load_smoothing = 0.1"),
    ("probe_every", "probe_every = 300"),
    ("probe_share", "probe_share = 0.75"),
];

pub(super) const GRADIENT2: Known = &[
    ("tolerance", "tolerance = 1.5"),
    ("queue", "queue = 4"),
    ("smoothing", "smoothing = 0.2"),
    ("long_window", "long_window = 6000"),
];

/// Its type in the runtime crate, and its parameters: the fields of that type.
fn kind(name: &str) -> (&'static str, Known) {
    match name {
        "aimd" => ("Aimd", AIMD),
        "vegas" => ("Vegas", VEGAS),
        _ => ("Gradient2", GRADIENT2),
    }
}

impl Algorithm {
    pub(super) fn read(diagnostics: &mut Diagnostics, setting: &Setting) -> Self {
        let mut this = Self { name: setting.name, parameters: Vec::new() };
        let (_, known) = kind(this.name);
        setting.walk_if_any(diagnostics, known, |diagnostics, setting| {
            let (name, word) = (setting.name, setting.word().clone());
            let value = diagnostics.keep(Value::read(&setting));
            this.parameters.extend(value.map(|value| Parameter { name, word, value }));
        });
        if this.name == "vegas" {
            this.check_queue(diagnostics, ["alpha", "beta"], limits::VEGAS_QUEUE.map(f64::from));
            let shares = ["alpha_share", "beta_share"];
            this.check_queue(diagnostics, shares, limits::VEGAS_QUEUE_SHARE);
        }
        this
    }

    /// Where the limit grows it must not shrink.
    fn check_queue(&self, diagnostics: &mut Diagnostics, names: [&str; 2], standard: [f64; 2]) {
        let [low, high] = names.map(|name| self.parameters.iter().find(|it| it.name == name));
        let number = |written: Option<&Parameter>, standard| match written.map(|it| &it.value) {
            Some(Value::Count(count)) => f64::from(*count),
            Some(Value::Number(number)) => *number,
            _ => standard,
        };
        let (below, above) = (number(low, standard[0]), number(high, standard[1]));
        if below > above
            && let Some(written) = high.or(low)
        {
            let unsaid = |written: Option<&Parameter>| match written {
                Some(_) => "",
                None => " where nothing is said",
            };
            diagnostics.error(
                &written.word,
                format!(
                    "`{}`{} is {below}, and must be at most `{}`, which is {above}{}: the limit \
                     grows below the one, and shrinks above the other",
                    names[0],
                    unsaid(low),
                    names[1],
                    unsaid(high),
                ),
            );
        }
    }

    /// `.algorithm(..)`
    pub(super) fn tokens(&self, module: &TokenStream) -> TokenStream {
        let (kind, known) = kind(self.name);
        let kind = format_ident!("{kind}");
        let parameters = self.parameters.iter().map(|Parameter { name, value, .. }| {
            let name = format_ident!("{name}");
            quote!(#name: #value)
        });
        match self.parameters.len() {
            0 => quote!(.algorithm(#module::#kind::standard())),
            all if all == known.len() => quote!(.algorithm(#module::#kind { #(#parameters),* })),
            _ => quote!(.algorithm(
                #module::#kind { #(#parameters,)* ..#module::#kind::standard() }
            )),
        }
    }
}

impl Value {
    fn read(setting: &Setting) -> syn::Result<Self> {
        match setting.name {
            "backoff" => setting.number(limits::BACKOFF).map(Self::Number),
            "timeout" => setting.period().map(Self::Period),
            "alpha" | "beta" | "queue" => setting.count(limits::QUEUED).map(Self::Count),
            "alpha_share" | "beta_share" => setting.number(limits::QUEUED_SHARE).map(Self::Number),
            "tolerance" => setting.number(limits::TOLERANCE).map(Self::Number),
            "probe_every" | "long_window" => setting.count(limits::LONG).map(Self::Count),
            _ => setting.share(limits::SHARE_MIN).map(Self::Number),
        }
    }
}

impl ToTokens for Value {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Count(count) => Literal::u32_unsuffixed(*count).to_tokens(tokens),
            Self::Number(number) => Literal::f64_unsuffixed(*number).to_tokens(tokens),
            Self::Period(period) => period.to_tokens(tokens),
        }
    }
}
