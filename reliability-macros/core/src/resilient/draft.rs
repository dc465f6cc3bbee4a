//! What was written, word by word, before it is known to belong together.

use proc_macro2::Ident;
use syn::{Expr, Path};

use super::{
    args::{Args, CLOCKS, DEFAULT_CAPACITY, Repeats, Source},
    layer::{Kind, Layer},
    limits,
};
use crate::{crate_path::CratePath, diagnostics::Diagnostics, literal, settings::Setting};

/// What was read so far.
#[derive(Default)]
pub(super) struct Draft {
    layers: Vec<Layer>,
    idempotent: Option<Ident>,
    idempotency_key: Option<(Ident, Expr)>,
    may_repeat: bool,
    policy: Option<(Ident, Expr)>,
    key: Option<(Ident, Expr)>,
    is_keyed: bool,
    capacity: Option<(Ident, u32)>,
    name: Option<(Ident, syn::LitStr)>,
    clock: Option<(Ident, &'static str)>,
    when: Option<Path>,
    monitor: Option<(Ident, Option<Expr>)>,
    krate: Option<CratePath>,
}

impl Draft {
    pub(super) fn take(&mut self, diagnostics: &mut Diagnostics, setting: &Setting) {
        let word = || setting.word().clone();
        let name = setting.name;
        if let Some(kind) = Kind::read(diagnostics, setting) {
            self.layers.push(Layer { word: word(), kind });
            return;
        }
        match name {
            "idempotent" => {
                diagnostics.keep(setting.flag());
                // It was said, though in the wrong shape.
                self.idempotent = Some(word());
            }
            "idempotency_key" => {
                let key = "what the other side knows this call by, such as an argument";
                let key = diagnostics.keep(setting.of_call(key));
                // It was said, though in the wrong shape.
                self.may_repeat = true;
                self.idempotency_key = key.map(|key| (word(), key));
            }
            "policy" => self.policy = diagnostics.keep(setting.expr()).map(|e| (word(), e)),
            "key" => {
                let key = setting.of_call("what tells them apart, such as an argument");
                self.key = diagnostics.keep(key).map(|key| (word(), key));
                // Likewise.
                self.is_keyed = true;
            }
            "capacity" => {
                self.capacity = diagnostics.keep(setting.count(limits::KEYS)).map(|n| (word(), n));
            }
            "name" => self.name = diagnostics.keep(setting.text()).map(|t| (word(), t)),
            "clock" => {
                let clock = setting.variant("clock", CLOCKS);
                self.clock = diagnostics.keep(clock).map(|c| (word(), c.name));
            }
            "when" => self.when = diagnostics.keep(setting.path()),
            "monitor" if setting.flag().is_ok() => self.monitor = Some((word(), None)),
            "monitor" => {
                self.monitor = diagnostics.keep(monitor(setting)).map(|e| (word(), Some(e)));
            }
            "crate" => {
                let path = setting.path().and_then(|path| CratePath::from_path(&path));
                self.krate = diagnostics.keep(path);
            }
            _ => {}
        }
    }

    pub(super) fn finish(mut self, diagnostics: &mut Diagnostics) -> Args {
        self.check_exclusions(diagnostics);
        let capacity = self.capacity.map_or(DEFAULT_CAPACITY, |(_, n)| n);
        let source = match (self.policy, self.key) {
            (Some((_, policy)), _) => Source::Shared(Box::new(policy)),
            (None, Some((_, key))) => Source::PerKey(Box::new(key), capacity),
            (None, None) => Source::Declared,
        };
        let repeats = match (self.idempotency_key, self.idempotent) {
            (Some((_, key)), _) => Some(Repeats::Key(Box::new(key))),
            (None, Some(_)) => Some(Repeats::Idempotent),
            (None, None) => self.may_repeat.then_some(Repeats::Idempotent),
        };
        Args {
            layers: std::mem::take(&mut self.layers),
            repeats,
            source,
            name: self.name.map(|(_, name)| name),
            clock: self.clock.map(|(_, clock)| clock),
            when: self.when,
            monitor: self.monitor.map(|(_, monitor)| monitor),
            krate: self.krate.unwrap_or_default(),
        }
    }

    /// Options that exclude each other are named together.
    fn check_exclusions(&self, diagnostics: &mut Diagnostics) {
        if let (Some(_), Some((word, _))) = (&self.idempotent, &self.idempotency_key) {
            diagnostics.error(
                word,
                "`idempotent` and `idempotency_key` answer the same question; keep \
                 `idempotency_key` if the other side wants the key, else `idempotent`",
            );
        }
        if let Some((word, _)) = &self.capacity
            && !self.is_keyed
        {
            diagnostics.error(
                word,
                "`capacity` bounds the policies that `key = ..` makes; add `key = expression`, or \
                 remove `capacity`",
            );
        }
        if let (Some(_), Some((word, _)), None) = (&self.key, &self.name, &self.policy) {
            diagnostics.error(
                word,
                "`key = ..` and `name` exclude each other: the policies are named after the \
                 function and the key, as in `price/berlin`; remove `name`",
            );
        }
        if let Some((word, _)) = &self.clock
            && self.policy.is_none()
            && !self.layers.iter().any(|layer| layer.kind.reads_a_clock())
        {
            diagnostics.error(
                word,
                "`clock` is what `cache`, `breaker`, `rate_limit`, `concurrency_limit` and `bulkhead` read, \
                 and there is none of them; remove it",
            );
        }
        if self.policy.is_some() {
            self.check_shared(diagnostics);
        }
    }

    /// A policy that comes from elsewhere brings its own layers, name and clock.
    fn check_shared(&self, diagnostics: &mut Diagnostics) {
        let words = self
            .layers
            .iter()
            .filter(|layer| match &layer.kind {
                Kind::Fallback(_) => false,
                Kind::Cache(cache) => !cache.is_of_this_function_only(),
                Kind::RateLimit(limit) => !limit.is_of_this_function_only(),
                Kind::Degrade(degrade) => !degrade.is_of_this_function_only(),
                _ => true,
            })
            .map(|layer| &layer.word)
            .chain(self.key.iter().map(|(word, _)| word))
            .chain(self.name.iter().map(|(word, _)| word))
            .chain(self.clock.iter().map(|(word, _)| word))
            .chain(self.monitor.iter().map(|(word, _)| word));
        let is_keyed = self.layers.iter().any(|layer| match &layer.kind {
            Kind::RateLimit(limit) => limit.key.is_some(),
            _ => false,
        });
        for word in words {
            if word == "cache" {
                diagnostics.error(
                    word,
                    "`policy = ..` brings its own cache along, and here it is only said what the \
                     answer depends on: write `cache(key = expression)`, and give all else to the \
                     builder of the cache",
                );
                continue;
            }
            if word == "rate_limit" && is_keyed {
                diagnostics.error(
                    word,
                    "`policy = ..` brings its own rate limit along, and here it is only said whose \
                     a call is: write `rate_limit(key = expression)`, and give all else to the \
                     builder of the limit",
                );
                continue;
            }
            diagnostics.error(
                word,
                format!(
                    "`policy = ..` and `{word}` exclude each other: a policy that is built \
                     elsewhere brings its own layers, name and clock. Give `{word}` to its builder, \
                     or remove `policy`"
                ),
            );
        }
    }
}

/// What leads to an error monitor.
fn monitor(setting: &Setting) -> syn::Result<Expr> {
    let value = setting.expr()?;
    if literal::literal(&value).is_some() {
        let message = "expected an `ErrorMonitor`: write `monitor` for that of the process, or the \
                       name of one of your own without quotes, as in `monitor = &MONITOR`";
        return Err(syn::Error::new_spanned(value, message));
    }
    Ok(value)
}
