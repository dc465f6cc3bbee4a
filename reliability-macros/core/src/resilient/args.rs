use proc_macro2::{Span, TokenStream};
use syn::{Expr, Path};

use super::{
    breaker::{self, Breaker},
    bulkhead,
    cache::{self, Cache},
    chaos::{self, Chaos},
    concurrency_limit::{self, ConcurrencyLimit},
    degrade::{self, Degrade},
    draft::Draft,
    fallback::Fallback,
    hedge,
    layer::{Kind, Layer},
    order,
    rate_limit::{self, RateLimit},
    retry::{self, Retry},
};
use crate::{
    crate_path::CratePath,
    diagnostics::Diagnostics,
    settings::{self, Known},
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
    ("degrade", "degrade(when = SEARCH, retry = off)"),
    ("retry", "retry(attempts = 3)"),
    ("breaker", "breaker(failure_rate = 0.5)"),
    ("rate_limit", "rate_limit(\"100/s\")"),
    ("concurrency_limit", "concurrency_limit(max = 200)"),
    ("bulkhead", "bulkhead(concurrent = 64)"),
    ("hedge", "hedge(after = p95)"),
    ("timeout", "timeout = \"800ms\"` or `timeout = adaptive(p99 * 2)"),
    ("chaos", "chaos(error(rate = 0.01))"),
    ("idempotent", "idempotent"),
    ("idempotency_key", "idempotency_key = expression"),
    ("policy", "policy = expression"),
    ("key", "key = expression"),
    ("capacity", "capacity = 1000"),
    ("name", "name = \"inventory\""),
    ("clock", "clock = coarse"),
    ("when", "when = path::to::predicate"),
    ("monitor", "monitor` or `monitor = &MONITOR"),
    ("crate", "crate = ::path::to::reliability"),
];

/// What the layers have in their parentheses.
const INNER: &[(&str, Known)] = &[
    ("cache", cache::KNOWN),
    ("retry", retry::KNOWN),
    ("breaker", breaker::KNOWN),
    ("rate_limit", rate_limit::KNOWN),
    ("concurrency_limit", concurrency_limit::KNOWN),
    ("bulkhead", bulkhead::KNOWN),
    ("hedge", hedge::KNOWN),
    ("chaos", chaos::KNOWN),
    // Last, so that a word that others have as well is shown as theirs.
    ("degrade", degrade::KNOWN),
];

pub(super) const CLOCKS: Known =
    &[("precise", "precise"), ("coarse", "coarse"), ("ticked", "ticked")];

/// How many keys a `key = ..` keeps policies for, unless `capacity` says.
pub(crate) const DEFAULT_CAPACITY: u32 = 1_000;

/// What was written for a layer of that kind, the first one if there are several.
macro_rules! the_layer {
    ($args:expr, $kind:ident) => {
        $args.layers.iter().find_map(|layer| match &layer.kind {
            Kind::$kind(found) => {
                let found: &$kind = found;
                Some(found)
            }
            _ => None,
        })
    };
}

impl Args {
    /// Reads and checks everything that can be checked without the item.
    pub(crate) fn read(diagnostics: &mut Diagnostics, tokens: TokenStream) -> Self {
        let mut draft = Draft::default();
        let choices = settings::parse(diagnostics, tokens, "timeout = \"800ms\"");
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
        let choices = settings::without_inner(diagnostics, choices, KNOWN, INNER);
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
        args.check_own(diagnostics);
        args.check_limits(diagnostics);
        args.check_repetition(diagnostics);
        args
    }

    pub(crate) fn fallback(&self) -> Option<&Fallback> {
        the_layer!(self, Fallback)
    }

    pub(crate) fn retry(&self) -> Option<&Retry> {
        the_layer!(self, Retry)
    }

    pub(crate) fn concurrency_limit(&self) -> Option<&ConcurrencyLimit> {
        the_layer!(self, ConcurrencyLimit)
    }

    pub(crate) fn degrade(&self) -> Option<&Degrade> {
        the_layer!(self, Degrade)
    }

    /// Whether something else may answer than the body.
    pub(crate) fn answers(&self) -> bool {
        self.fallback().is_some() || self.degrade().is_some_and(|degrade| degrade.answer.is_some())
    }

    /// How much a call matters, wherever it is said.
    pub(crate) fn priority(&self) -> Option<&Expr> {
        let of_limit = self.concurrency_limit().and_then(|limit| limit.priority.as_ref());
        of_limit.or_else(|| self.degrade().and_then(|degrade| degrade.priority.as_ref()))
    }

    pub(crate) fn rate_limit(&self) -> Option<&RateLimit> {
        the_layer!(self, RateLimit)
    }

    pub(crate) fn breaker(&self) -> Option<&Breaker> {
        the_layer!(self, Breaker)
    }

    pub(crate) fn cache(&self) -> Option<&Cache> {
        the_layer!(self, Cache)
    }

    pub(crate) fn chaos(&self) -> Option<&Chaos> {
        the_layer!(self, Chaos)
    }

    /// Whether two of the body may run at once.
    pub(crate) fn hedges(&self) -> bool {
        self.layers.iter().any(|layer| matches!(layer.kind, Kind::Hedge(_)))
    }

    /// Whether the body may run more than once in a call.
    pub(crate) fn repeats(&self) -> bool {
        self.repeats_shared() || self.repeats.is_some() && self.retry().is_some()
    }

    /// Whether the policy is shared, and may do with the body whatever it does.
    pub(crate) fn repeats_shared(&self) -> bool {
        self.repeats.is_some() && matches!(self.source, Source::Shared(_))
    }

    /// What a cache or a rate limit cannot do without; where the policy comes from elsewhere, it
    /// brings it along.
    fn check_own(&self, diagnostics: &mut Diagnostics) {
        if matches!(self.source, Source::Shared(_)) {
            return;
        }
        for layer in &self.layers {
            if let Kind::Cache(cache) = &layer.kind {
                cache.check(diagnostics, &layer.word);
            }
            if let Kind::Degrade(degrade) = &layer.kind {
                degrade.check(diagnostics, &layer.word, self);
            }
            if let Kind::RateLimit(limit) = &layer.kind {
                limit.check_rate(diagnostics, &layer.word);
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
