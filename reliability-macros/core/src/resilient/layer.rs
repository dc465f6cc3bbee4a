//! The layers that can be written in `#[resilient(..)]`. A new one is a variant here, with its lines
//! in this file, a file of its own for its settings, its words in `args.rs`, and the orders in
//! `order.rs` that are a mistake.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::{
    breaker::Breaker, bulkhead::Bulkhead, cache::Cache, chaos::Chaos,
    concurrency_limit::ConcurrencyLimit, degrade::Degrade, fallback::Fallback, hedge::Hedge,
    rate_limit::RateLimit, retry::Retry, timeout::Timeout,
};
use crate::{crate_path::CratePath, diagnostics::Diagnostics, literal::Period, settings::Setting};

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
    Degrade(Box<Degrade>),
    Retry(Box<Retry>),
    Breaker(Box<Breaker>),
    RateLimit(Box<RateLimit>),
    ConcurrencyLimit(Box<ConcurrencyLimit>),
    Bulkhead(Bulkhead),
    Hedge(Box<Hedge>),
    Timeout(Timeout),
    Chaos(Box<Chaos>),
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
    /// The layer that the setting stands for, if it stands for one. After an error there is a layer
    /// too where its place matters to the checks that follow.
    pub(super) fn read(diagnostics: &mut Diagnostics, setting: &Setting) -> Option<Self> {
        match setting.name {
            "fallback" => Fallback::read(diagnostics, setting).map(Self::Fallback),
            "cache" => Some(Self::Cache(Box::new(Cache::read(diagnostics, setting)))),
            "deadline" => diagnostics.keep(setting.period()).map(Self::Deadline),
            "degrade" => Some(Self::Degrade(Box::new(Degrade::read(diagnostics, setting)))),
            "retry" => Some(Self::Retry(Box::new(Retry::read(diagnostics, setting)))),
            "breaker" => Some(Self::Breaker(Box::new(Breaker::read(diagnostics, setting)))),
            "rate_limit" => Some(Self::RateLimit(Box::new(RateLimit::read(diagnostics, setting)))),
            "concurrency_limit" => {
                let limit = ConcurrencyLimit::read(diagnostics, setting);
                Some(Self::ConcurrencyLimit(Box::new(limit)))
            }
            "bulkhead" => Some(Self::Bulkhead(Bulkhead::read(diagnostics, setting))),
            "hedge" => Some(Self::Hedge(Box::new(Hedge::read(diagnostics, setting)))),
            "timeout" => Timeout::read(diagnostics, setting).map(Self::Timeout),
            "chaos" => Some(Self::Chaos(Box::new(Chaos::read(diagnostics, setting)))),
            _ => None,
        }
    }

    /// How the layer is added to a policy's builder.
    pub(super) fn builder_call(&self, policy: &Building<'_>) -> TokenStream {
        match self {
            Self::Fallback(_) => quote!(.fallback()),
            Self::Cache(cache) => cache.builder_call(policy),
            Self::Deadline(period) => quote!(.deadline(#period)),
            Self::Degrade(degrade) => degrade.builder_call(policy),
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

    /// Whether `clock = ..` says anything to it.
    pub(super) fn reads_a_clock(&self) -> bool {
        match self {
            Self::RateLimit(limit) => !limit.is_shared(),
            Self::Cache(_) | Self::Breaker(_) | Self::ConcurrencyLimit(_) | Self::Bulkhead(_) => {
                true
            }
            _ => false,
        }
    }

    /// As it is written.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Fallback(_) => "fallback",
            Self::Cache(_) => "cache",
            Self::Deadline(_) => "deadline",
            Self::Degrade(_) => "degrade",
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
