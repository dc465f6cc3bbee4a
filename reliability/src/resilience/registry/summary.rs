use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write};

use super::Entry;
use crate::error::plural;
use crate::resilience::breaker::Window;
use crate::resilience::hedge::After;
use crate::resilience::policy::Policy;
use crate::resilience::timeout::Timeout;
use crate::resilience::{Layer, breaker};

/// All policies of the process at one moment; made by [`registry::summary`](super::summary).
///
/// Printed, it is a table with a line for each policy: its layers in order with what they are set
/// to, the state of its breaker, and where it is declared.
///
/// # Examples
///
/// See [`registry::summary`](super::summary).
#[derive(Debug, Clone)]
pub struct Summary {
    entries: Vec<Entry>,
}

impl Summary {
    pub(super) fn of(entries: Vec<Entry>) -> Self {
        Self { entries }
    }

    /// The policies.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let row = |entry: &Entry| {
            let policy = entry.policy();
            let state = policy.breaker().map_or("-", |breaker| breaker.state().as_str());
            let site = entry
                .site()
                .map_or_else(|| "built by hand".into(), |site| alloc::format!("{site}"));
            [policy.name().as_str().into(), state.into(), layers(policy), site]
        };
        let mut rows: Vec<[String; 4]> =
            Vec::from([["policy", "breaker", "layers", "declared"].map(String::from)]);
        rows.extend(self.entries.iter().map(row));
        let width =
            |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths = [width(0), width(1), width(2)];
        for [name, state, layers, site] in &rows {
            let [first, second, third] = widths;
            writeln!(f, "{name:first$}  {state:second$}  {layers:third$}  {site}")?;
        }
        Ok(())
    }
}

/// The layers in order, each with what people ask for first.
fn layers(policy: &Policy) -> String {
    let mut line = String::new();
    for layer in policy.layers() {
        if !line.is_empty() {
            line.push_str(", ");
        }
        // Writing to a string does not fail.
        let _ = write!(line, "{layer}").and_then(|()| layer_settings(&mut line, *layer, policy));
    }
    line
}

/// Whom a rate limit counts, where that is not the calls of this process together.
fn of_whom(policy: &Policy) -> &'static str {
    #[cfg(all(feature = "redis", not(reliability_loom)))]
    if policy.shared_rate_limit().is_some() {
        return " of all processes";
    }
    if policy.keyed_rate_limit().is_some() { " per key" } else { "" }
}

fn layer_settings(line: &mut String, layer: Layer, policy: &Policy) -> fmt::Result {
    let settings = policy.settings();
    match layer {
        Layer::Deadline => {
            settings.deadline.map_or(Ok(()), |deadline| write!(line, " {deadline:?}"))
        }
        Layer::Timeout => match &settings.timeout {
            Some(Timeout::Adaptive(adaptive)) => {
                write!(line, " {} * {}", adaptive.quantile, adaptive.factor)?;
                write!(line, ", {:?} to {:?}", adaptive.min, adaptive.max)
            }
            Some(timeout) => write!(line, " {:?}", timeout.longest()),
            None => Ok(()),
        },
        Layer::Degrade => policy.degradation().map_or(Ok(()), |degradation| {
            write!(line, " by {}", degradation.name())?;
            match degradation.level() {
                0 => Ok(()),
                level => write!(line, ", NOW AT LEVEL {level}"),
            }
        }),
        Layer::Retry => match &settings.retry {
            Some(retry) => write!(line, " {} ({})", retry.attempts, retry.backoff),
            None => Ok(()),
        },
        Layer::Breaker => settings.breaker.as_ref().map_or(Ok(()), |breaker| {
            write!(line, " {}, open {:?}", window(breaker), breaker.open_for)
        }),
        Layer::Bulkhead => settings.bulkhead.as_ref().map_or(Ok(()), |bulkhead| {
            write!(line, " {}, wait {:?}", bulkhead.concurrent, bulkhead.wait)
        }),
        Layer::RateLimit => settings
            .rate_limit
            .as_ref()
            .map_or(Ok(()), |limit| write!(line, " {}{}", limit.quota, of_whom(policy))),
        Layer::ConcurrencyLimit => settings.concurrency_limit.as_ref().map_or(Ok(()), |limit| {
            write!(line, " {} {} to {}", limit.algorithm.as_str(), limit.min, limit.max)
        }),
        Layer::Hedge => settings.hedge.as_ref().map_or(Ok(()), |hedge| match hedge.after {
            After::Fixed(delay) => write!(line, " after {delay:?}"),
            After::Quantile(quantile) => write!(line, " after {quantile}"),
        }),
        #[cfg(feature = "cache")]
        Layer::Cache => {
            settings.cache.as_ref().map_or(Ok(()), |cache| write!(line, " {:?}", cache.ttl))
        }
        #[cfg(feature = "chaos")]
        Layer::Chaos => {
            let on = policy.chaos().is_some_and(|chaos| chaos.is_on());
            write!(line, " {}", if on { "on" } else { "off" })
        }
        _ => Ok(()),
    }
}

fn window(settings: &breaker::Settings) -> String {
    let percent = settings.failure_rate * 100.0;
    match settings.window {
        Window::Count(calls) => {
            alloc::format!("{percent}% of {}", plural(u64::from(calls), "call", "calls"))
        }
        Window::Time(length) => alloc::format!("{percent}% in {length:?}"),
        Window::Consecutive(failures) => {
            alloc::format!("{} in a row", plural(u64::from(failures), "failure", "failures"))
        }
    }
}
