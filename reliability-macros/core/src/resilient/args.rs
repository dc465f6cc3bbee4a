use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{Expr, Path};

use super::{
    breaker::Breaker,
    bulkhead::Bulkhead,
    cache::Cache,
    chaos::{self, Chaos},
    concurrency_limit::ConcurrencyLimit,
    fallback::Fallback,
    hedge::Hedge,
    limits, order,
    rate_limit::RateLimit,
    retry::Retry,
    timeout::Timeout,
};
use crate::{
    crate_path::CratePath,
    diagnostics::Diagnostics,
    literal::Period,
    settings::{self, Known, Setting},
};

/// What was written in `#[resilient(..)]`.
#[derive(Debug)]
pub(crate) struct Args {
    /// In the order in which they are written: outermost first.
    pub(crate) layers: Vec<Layer>,
    /// What allows the body to run again.
    pub(crate) repeats: Option<Repeats>,
    pub(crate) source: Source,
    pub(crate) name: Option<syn::LitStr>,
    pub(crate) clock: Option<&'static str>,
    pub(crate) when: Option<Path>,
    /// The error monitor: the process's own, or the one that an expression names.
    pub(crate) monitor: Option<Option<Expr>>,
    pub(crate) krate: CratePath,
}

/// One layer, with the word that began it.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) word: Ident,
    pub(crate) kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Fallback(Fallback),
    Cache(Box<Cache>),
    Deadline(Period),
    Retry(Box<Retry>),
    Breaker(Box<Breaker>),
    RateLimit(RateLimit),
    ConcurrencyLimit(Box<ConcurrencyLimit>),
    Bulkhead(Bulkhead),
    Hedge(Box<Hedge>),
    Timeout(Timeout),
    Chaos(Box<Chaos>),
}

/// The user's word that repeating the body does no harm.
#[derive(Debug)]
pub(crate) enum Repeats {
    /// `idempotent`
    Idempotent,
    /// `idempotency_key = expr`
    Key(Box<Expr>),
}

/// Where the policy object comes from.
#[derive(Debug)]
pub(crate) enum Source {
    /// One for the function.
    Declared,
    /// `policy = expr`
    Shared(Box<Expr>),
    /// `key = expr`, and how many keys are kept.
    PerKey(Box<Expr>, u32),
}

const KNOWN: Known = &[
    ("fallback", "fallback = path::to::function"),
    ("cache", "cache(ttl = \"30s\", key = expression)"),
    ("deadline", "deadline = \"3s\""),
    ("retry", "retry(attempts = 3)"),
    ("breaker", "breaker(failure_rate = 0.5)"),
    ("rate_limit", "rate_limit(\"100/s\")"),
    ("concurrency_limit", "concurrency_limit(max = 200)"),
    ("bulkhead", "bulkhead(concurrent = 64)"),
    ("hedge", "hedge(after = p95)"),
    ("timeout", "timeout = \"800ms\""),
    ("chaos", "chaos(error(rate = 0.01))"),
    ("idempotent", "idempotent"),
    ("idempotency_key", "idempotency_key = expression"),
    ("policy", "policy = expression"),
    ("key", "key = expression"),
    ("capacity", "capacity = 1000"),
    ("name", "name = \"inventory\""),
    ("clock", "clock = coarse"),
    ("when", "when = path::to::predicate"),
    ("monitor", "monitor"),
    ("crate", "crate = ::path::to::reliability"),
];

const CLOCKS: Known = &[("precise", "precise"), ("coarse", "coarse"), ("ticked", "ticked")];

/// How many keys a `key = ..` keeps policies for, unless `capacity` says.
pub(crate) const DEFAULT_CAPACITY: u32 = 1_000;

impl Args {
    /// Reads and checks everything that can be checked without the item.
    pub(crate) fn read(diagnostics: &mut Diagnostics, tokens: TokenStream) -> Self {
        let mut draft = Draft::default();
        let choices = settings::parse(diagnostics, tokens);
        if let [only] = choices.as_slice()
            && only.name == "skip"
        {
            diagnostics.error(
                &only.name,
                "`skip` is for a method whose `impl` block carries `#[resilient(..)]`; remove the \
                 attribute here",
            );
            return draft.finish(diagnostics);
        }
        settings::walk(diagnostics, "`#[resilient]`", KNOWN, choices, |diagnostics, setting| {
            draft.take(diagnostics, &setting);
        });
        let args = draft.finish(diagnostics);
        // After another mistake it may be that the one policy is misspelt.
        if !diagnostics.has_errors() {
            args.check_presence(diagnostics);
        }
        order::check(diagnostics, &args.layers);
        chaos::check_bound(diagnostics, &args.layers);
        args.check_cache(diagnostics);
        args.check_limits(diagnostics);
        args.check_repetition(diagnostics);
        args
    }

    /// The fallback, if there is one.
    pub(crate) fn fallback(&self) -> Option<&Fallback> {
        self.layers.iter().find_map(|layer| match &layer.kind {
            Kind::Fallback(fallback) => Some(fallback),
            _ => None,
        })
    }

    pub(crate) fn retry(&self) -> Option<&Retry> {
        self.layers.iter().find_map(|layer| match &layer.kind {
            Kind::Retry(retry) => Some(&**retry),
            _ => None,
        })
    }

    pub(crate) fn concurrency_limit(&self) -> Option<&ConcurrencyLimit> {
        self.layers.iter().find_map(|layer| match &layer.kind {
            Kind::ConcurrencyLimit(limit) => Some(&**limit),
            _ => None,
        })
    }

    pub(crate) fn breaker(&self) -> Option<&Breaker> {
        self.layers.iter().find_map(|layer| match &layer.kind {
            Kind::Breaker(breaker) => Some(&**breaker),
            _ => None,
        })
    }

    pub(crate) fn cache(&self) -> Option<&Cache> {
        self.layers.iter().find_map(|layer| match &layer.kind {
            Kind::Cache(cache) => Some(&**cache),
            _ => None,
        })
    }

    pub(crate) fn chaos(&self) -> Option<&Chaos> {
        self.layers.iter().find_map(|layer| match &layer.kind {
            Kind::Chaos(chaos) => Some(&**chaos),
            _ => None,
        })
    }

    /// Whether two of the body may run at once.
    pub(crate) fn hedges(&self) -> bool {
        self.layers.iter().any(|layer| matches!(layer.kind, Kind::Hedge(_)))
    }

    /// Whether the body may run more than once in a call.
    pub(crate) fn repeats(&self) -> bool {
        self.repeats.is_some()
            && (self.retry().is_some() || matches!(self.source, Source::Shared(_)))
    }

    /// What a cache cannot do without; where the policy comes from elsewhere, it brings it along.
    fn check_cache(&self, diagnostics: &mut Diagnostics) {
        if matches!(self.source, Source::Shared(_)) {
            return;
        }
        for layer in &self.layers {
            if let Kind::Cache(cache) = &layer.kind {
                cache.check(diagnostics, &layer.word);
            }
        }
    }

    fn check_presence(&self, diagnostics: &mut Diagnostics) {
        if self.layers.is_empty() && !matches!(self.source, Source::Shared(_)) {
            diagnostics.push(syn::Error::new(
                Span::call_site(),
                "`#[resilient]` has nothing to do: name at least one policy, for example \
                 `#[resilient(timeout = \"800ms\")]` or `#[resilient(retry(attempts = 3), \
                 idempotent)]`",
            ));
        }
    }

    /// A timeout that is not shorter than the deadline never ends an attempt.
    fn check_limits(&self, diagnostics: &mut Diagnostics) {
        let deadline = self.layers.iter().find_map(|layer| match &layer.kind {
            Kind::Deadline(period) => Some(period),
            _ => None,
        });
        let timeout = self.layers.iter().find_map(|layer| match &layer.kind {
            Kind::Timeout(timeout) => timeout.longest(),
            _ => None,
        });
        if let (Some(deadline), Some(timeout)) = (deadline, timeout)
            && timeout.duration >= deadline.duration
        {
            diagnostics.push(syn::Error::new(
                timeout.span,
                format!(
                    "a `timeout` of {:?} never ends an attempt, because the `deadline` of {:?} ends \
                     the call first; make `timeout` the shorter one, or leave it out",
                    timeout.duration, deadline.duration
                ),
            ));
        }
    }

    /// Repetition is never an accident.
    fn check_repetition(&self, diagnostics: &mut Diagnostics) {
        for layer in &self.layers {
            if let Kind::Hedge(hedge) = &layer.kind {
                hedge.check_budget(diagnostics, self.retry().is_some());
            }
        }
        if self.repeats.is_some() {
            return;
        }
        for layer in &self.layers {
            let does = match layer.kind {
                Kind::Retry(_) => "`retry` runs the body again",
                Kind::Hedge(_) => {
                    "`hedge` runs the body a second time while the first is under way"
                }
                _ => continue,
            };
            diagnostics.error(
                &layer.word,
                format!(
                    "{does}, so say that this does no harm: add `idempotent` if running it twice \
                     has the effect of running it once, or `idempotency_key = expression` if the \
                     other side recognises a repeated call by a key (the body reads it with \
                     `IdempotencyKey::current()`)"
                ),
            );
        }
    }
}

/// What was read so far.
#[derive(Default)]
struct Draft {
    layers: Vec<Layer>,
    idempotent: Option<Ident>,
    idempotency_key: Option<(Ident, Expr)>,
    policy: Option<(Ident, Expr)>,
    key: Option<(Ident, Expr)>,
    capacity: Option<(Ident, u32)>,
    name: Option<(Ident, syn::LitStr)>,
    clock: Option<(Ident, &'static str)>,
    when: Option<Path>,
    monitor: Option<(Ident, Option<Expr>)>,
    krate: Option<CratePath>,
}

impl Draft {
    fn take(&mut self, diagnostics: &mut Diagnostics, setting: &Setting) {
        let word = || setting.word().clone();
        let name = setting.name;
        if let Some(kind) = layer(diagnostics, setting) {
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
                self.idempotency_key = diagnostics.keep(setting.expr()).map(|e| (word(), e));
            }
            "policy" => self.policy = diagnostics.keep(setting.expr()).map(|e| (word(), e)),
            "key" => self.key = diagnostics.keep(setting.expr()).map(|e| (word(), e)),
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
                self.monitor = diagnostics.keep(setting.expr()).map(|e| (word(), Some(e)));
            }
            "crate" => {
                let path = setting.path().and_then(|path| CratePath::from_path(&path));
                self.krate = diagnostics.keep(path);
            }
            _ => {}
        }
    }

    fn finish(mut self, diagnostics: &mut Diagnostics) -> Args {
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
            (None, None) => None,
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
            && self.key.is_none()
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
                _ => true,
            })
            .map(|layer| &layer.word)
            .chain(self.key.iter().map(|(word, _)| word))
            .chain(self.name.iter().map(|(word, _)| word))
            .chain(self.clock.iter().map(|(word, _)| word))
            .chain(self.monitor.iter().map(|(word, _)| word));
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

/// The layer that the setting stands for, if it stands for one. After an error there is a layer
/// too where its place matters to the checks that follow.
fn layer(diagnostics: &mut Diagnostics, setting: &Setting) -> Option<Kind> {
    match setting.name {
        "fallback" => Fallback::read(diagnostics, setting).map(Kind::Fallback),
        "cache" => Some(Kind::Cache(Box::new(Cache::read(diagnostics, setting)))),
        "deadline" => diagnostics.keep(setting.period()).map(Kind::Deadline),
        "retry" => Some(Kind::Retry(Box::new(Retry::read(diagnostics, setting)))),
        "breaker" => Some(Kind::Breaker(Box::new(Breaker::read(diagnostics, setting)))),
        "rate_limit" => Some(Kind::RateLimit(RateLimit::read(diagnostics, setting))),
        "concurrency_limit" => {
            let limit = ConcurrencyLimit::read(diagnostics, setting);
            Some(Kind::ConcurrencyLimit(Box::new(limit)))
        }
        "bulkhead" => Some(Kind::Bulkhead(Bulkhead::read(diagnostics, setting))),
        "hedge" => Some(Kind::Hedge(Box::new(Hedge::read(diagnostics, setting)))),
        "timeout" => Timeout::read(diagnostics, setting).map(Kind::Timeout),
        "chaos" => Some(Kind::Chaos(Box::new(Chaos::read(diagnostics, setting)))),
        _ => None,
    }
}

/// The policy to whose builder layers are added.
pub(super) struct Building<'a> {
    pub(super) krate: &'a CratePath,
    /// An expression for its name.
    pub(super) name: TokenStream,
    /// `.clock(..)`, where one is asked for.
    pub(super) clock: Option<TokenStream>,
    /// Whether it is one of many, each for a key.
    pub(super) keyed: bool,
}

impl Kind {
    /// How the layer is added to a policy's builder.
    pub(super) fn builder_call(&self, policy: &Building<'_>) -> TokenStream {
        match self {
            Self::Fallback(_) => quote!(.fallback()),
            Self::Cache(cache) => cache.builder_call(policy),
            Self::Deadline(period) => quote!(.deadline(#period)),
            Self::Retry(retry) => retry.builder_call(policy),
            Self::Breaker(breaker) => breaker.builder_call(policy),
            Self::RateLimit(limit) => limit.builder_call(policy),
            Self::ConcurrencyLimit(limit) => limit.builder_call(policy),
            Self::Bulkhead(bulkhead) => bulkhead.builder_call(policy),
            Self::Hedge(hedge) => hedge.builder_call(policy),
            Self::Timeout(timeout) => timeout.builder_call(policy),
            // Around the whole builder, because without the feature there is no such method.
            Self::Chaos(_) => TokenStream::new(),
        }
    }

    fn reads_a_clock(&self) -> bool {
        matches!(
            self,
            Self::Cache(_)
                | Self::Breaker(_)
                | Self::RateLimit(_)
                | Self::ConcurrencyLimit(_)
                | Self::Bulkhead(_)
        )
    }

    /// As it is written.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Fallback(_) => "fallback",
            Self::Cache(_) => "cache",
            Self::Deadline(_) => "deadline",
            Self::Retry(_) => "retry",
            Self::Breaker(_) => "breaker",
            Self::RateLimit(_) => "rate_limit",
            Self::ConcurrencyLimit(_) => "concurrency_limit",
            Self::Bulkhead(_) => "bulkhead",
            Self::Hedge(_) => "hedge",
            Self::Timeout(_) => "timeout",
            Self::Chaos(_) => "chaos",
        }
    }
}
