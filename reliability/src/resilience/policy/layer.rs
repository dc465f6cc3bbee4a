use core::fmt;

use super::super::Invalid;
use crate::error::Name;

/// One layer of a [`Policy`](super::Policy). Written first means outermost.
///
/// # Examples
///
/// ```
/// use reliability::resilience::Layer;
///
/// assert_eq!(Layer::Bulkhead.to_string(), "bulkhead");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Layer {
    /// Another answer when there is none.
    Fallback,
    /// An answer that is kept from before.
    Cache,
    /// The time that the whole call may take.
    Deadline,
    /// Does less for a while.
    Degrade,
    /// More attempts.
    Retry,
    /// Leaves a dependency alone that fails.
    Breaker,
    /// Lets so many calls pass in so much time.
    RateLimit,
    /// Bounds how many calls run at once by what the dependency bears.
    ConcurrencyLimit,
    /// Bounds how many calls run at once.
    Bulkhead,
    /// A second request where the first is late.
    Hedge,
    /// The time that one attempt may take.
    Timeout,
    /// Faults on purpose, in the place of the dependency.
    Chaos,
}

impl Layer {
    /// All layers, in the order that fits most calls, outermost first.
    pub const ALL: [Layer; 12] = [
        Layer::Fallback,
        Layer::Cache,
        Layer::Deadline,
        Layer::Degrade,
        Layer::Retry,
        Layer::Breaker,
        Layer::RateLimit,
        Layer::ConcurrencyLimit,
        Layer::Bulkhead,
        Layer::Hedge,
        Layer::Timeout,
        Layer::Chaos,
    ];

    /// The name in lower case, as it is written in `#[resilient(..)]`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Layer::Fallback => "fallback",
            Layer::Cache => "cache",
            Layer::Deadline => "deadline",
            Layer::Degrade => "degrade",
            Layer::Retry => "retry",
            Layer::Breaker => "breaker",
            Layer::RateLimit => "rate_limit",
            Layer::ConcurrencyLimit => "concurrency_limit",
            Layer::Bulkhead => "bulkhead",
            Layer::Hedge => "hedge",
            Layer::Timeout => "timeout",
            Layer::Chaos => "chaos",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Orders that are certainly a mistake: the outer layer, the inner one, and what to do instead.
///
/// `#[resilient(..)]` refuses the same orders when it is expanded.
const MISTAKES: &[(Layer, Layer, &str)] = &[
    (
        Layer::Timeout,
        Layer::Retry,
        "this bounds all attempts together; write `deadline`, or move `timeout` inside `retry`",
    ),
    (
        Layer::Retry,
        Layer::Deadline,
        "this would start anew with each attempt; write `timeout`, or move `deadline` outside \
         `retry`",
    ),
    (
        Layer::Timeout,
        Layer::Breaker,
        "the breaker would never see an attempt that takes too long; move `timeout` inside \
         `breaker`",
    ),
    (
        Layer::ConcurrencyLimit,
        Layer::Retry,
        "the limit would take several attempts and the pauses between them for the latency of one; \
         move `concurrency_limit` inside `retry`",
    ),
    (
        Layer::Timeout,
        Layer::ConcurrencyLimit,
        "the limit would never see an attempt that takes too long; move `timeout` inside \
         `concurrency_limit`",
    ),
    (Layer::Retry, Layer::Fallback, HIDES),
    (Layer::Breaker, Layer::Fallback, HIDES),
    (Layer::RateLimit, Layer::Fallback, HIDES),
    (Layer::ConcurrencyLimit, Layer::Fallback, HIDES),
    (Layer::Bulkhead, Layer::Fallback, HIDES),
    (Layer::Timeout, Layer::Fallback, HIDES),
    (
        Layer::Cache,
        Layer::Fallback,
        "the fallback's answer would be kept as if it were the real one; move `fallback` outside",
    ),
    (
        Layer::Retry,
        Layer::Cache,
        "a hit would count as an attempt, and each retry would look up again what was just found \
         missing; move `cache` outside",
    ),
    (Layer::Breaker, Layer::Cache, NO_LOAD),
    (Layer::RateLimit, Layer::Cache, NO_LOAD),
    (Layer::ConcurrencyLimit, Layer::Cache, NO_LOAD),
    (Layer::Bulkhead, Layer::Cache, NO_LOAD),
    (
        Layer::Timeout,
        Layer::Cache,
        "it would end the wait for another call's answer as if that were an attempt; move `cache` \
         outside",
    ),
    (Layer::Hedge, Layer::Fallback, HIDES),
    (
        Layer::Hedge,
        Layer::Deadline,
        "each request would have a deadline of its own; write `timeout`, or move `deadline` \
         outside `hedge`",
    ),
    (
        Layer::Hedge,
        Layer::Retry,
        "each hedge would be retried by itself, and multiply the load; move `retry` outside \
         `hedge`",
    ),
    (Layer::Hedge, Layer::Breaker, ONE_ATTEMPT),
    (Layer::Hedge, Layer::RateLimit, ONE_ATTEMPT),
    (Layer::Hedge, Layer::ConcurrencyLimit, ONE_ATTEMPT),
    (Layer::Hedge, Layer::Bulkhead, ONE_ATTEMPT),
    (
        Layer::Hedge,
        Layer::Cache,
        "an answer that is found needs no second request; move `cache` outside `hedge`",
    ),
    (
        Layer::Degrade,
        Layer::Fallback,
        "calls that are kept out would get no fallback; move `fallback` outside",
    ),
    (
        Layer::Degrade,
        Layer::Cache,
        "calls would be kept out whose answer is known and costs nothing; move `cache` outside",
    ),
    (
        Layer::Retry,
        Layer::Degrade,
        "whether there are retries is decided once for the call; move `degrade` outside",
    ),
    (Layer::Breaker, Layer::Degrade, KEPT_OUT),
    (Layer::RateLimit, Layer::Degrade, KEPT_OUT),
    (Layer::ConcurrencyLimit, Layer::Degrade, KEPT_OUT),
    (Layer::Bulkhead, Layer::Degrade, KEPT_OUT),
    (Layer::Hedge, Layer::Degrade, ONE_ATTEMPT),
    (
        Layer::Timeout,
        Layer::Degrade,
        "what is done less of is decided for the call and not for an attempt; move `degrade` outside",
    ),
];

const NO_LOAD: &str = "a hit asks nothing of the dependency, and is neither to be refused nor \
                       counted as its work; move `cache` outside";

const KEPT_OUT: &str = "a call that is kept out would have taken a permit or a place there, and be \
                        refused as one that it is meant to make room for; move `degrade` outside";

const ONE_ATTEMPT: &str = "a hedge belongs to the attempt that it helps, and is let in with it; move \
                           `hedge` inside";

const HIDES: &str = "the outer policy would take the fallback's answer for a success; move \
                     `fallback` outside";

const STANDS_IN: &str = "chaos stands in for the dependency, and what is written inside of it \
                         would never meet its faults; write `chaos` last";

/// Refuses repeated layers, the orders in [`MISTAKES`], and whatever is inside of chaos.
pub(super) fn check_order(policy: &Name, layers: &[Layer]) -> Result<(), Invalid> {
    for (index, inner) in layers.iter().enumerate() {
        for outer in &layers[..index] {
            if outer == inner {
                let got = "written twice";
                return Err(Invalid::new(policy.clone(), inner.as_str(), "written once", got)
                    .with_advice("keep one of them"));
            }
            let mistake = MISTAKES.iter().find(|(o, i, _)| (o, i) == (outer, inner));
            let mistake = mistake.map(|(_, _, advice)| *advice);
            if let Some(advice) = mistake.or((*outer == Layer::Chaos).then_some(STANDS_IN)) {
                let got = alloc::format!("inside `{outer}`");
                let expected = alloc::format!("outside `{outer}`");
                return Err(
                    Invalid::new(policy.clone(), inner.as_str(), expected, got).with_advice(advice)
                );
            }
        }
    }
    Ok(())
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;

    fn refused(layers: &[Layer]) -> Option<alloc::string::String> {
        use alloc::string::ToString;
        check_order(&Name::from("price"), layers).err().map(|invalid| invalid.to_string())
    }

    #[test]
    fn the_order_of_the_guide_is_accepted() {
        use Layer::{Breaker, Bulkhead, Deadline, Fallback, Retry, Timeout};
        assert_eq!(refused(&Layer::ALL), None);
        assert_eq!(refused(&[Deadline, Fallback, Bulkhead, Breaker, Retry, Timeout]), None);
    }

    #[test]
    fn an_order_that_is_a_mistake_is_refused_with_the_way_out() {
        assert_eq!(
            refused(&[Layer::Timeout, Layer::Retry]).as_deref(),
            Some(
                "`price`: `retry` must be outside `timeout`, but is inside `timeout`; this \
                 bounds all attempts together; write `deadline`, or move `timeout` inside `retry`"
            ),
        );
    }

    #[test]
    fn nothing_is_inside_of_chaos() {
        assert_eq!(refused(&[Layer::Retry, Layer::Timeout, Layer::Chaos]), None);
        assert_eq!(
            refused(&[Layer::Chaos, Layer::Timeout]).as_deref(),
            Some(
                "`price`: `timeout` must be outside `chaos`, but is inside `chaos`; chaos \
                 stands in for the dependency, and what is written inside of it would never meet \
                 its faults; write `chaos` last"
            ),
        );
    }

    /// The layers that a row of the guide names: one by one, all, or all but some.
    fn named(text: &str) -> alloc::vec::Vec<Layer> {
        let limits = text.contains("a limit");
        let is_named = |layer: &Layer| {
            let word = alloc::format!("`{layer}`");
            let is_limit = matches!(layer, Layer::RateLimit | Layer::ConcurrencyLimit);
            (text.contains(&word) || limits && is_limit) != text.contains("anything")
        };
        Layer::ALL.into_iter().filter(is_named).collect()
    }

    #[test]
    fn the_guide_lists_exactly_the_orders_that_are_refused() {
        let mut listed = std::collections::HashSet::new();
        let guide = include_str!("../../guide/policies.md");
        for row in guide.lines().filter_map(|line| line.strip_prefix("| ")) {
            let orders = row.split(" |").next().unwrap_or_default();
            let pairs = |outer: &str, inner: &str| {
                let inner = named(inner);
                let of = |outer: Layer| inner.clone().into_iter().map(move |inner| (outer, inner));
                named(outer).into_iter().flat_map(of).collect::<alloc::vec::Vec<_>>()
            };
            if let Some((outer, inner)) = orders.split_once(" outside ") {
                listed.extend(pairs(outer, inner));
            } else if let Some((inner, outer)) = orders.split_once(" inside ") {
                listed.extend(pairs(outer, inner));
            }
        }
        listed.retain(|(outer, inner)| outer != inner);
        let pairs = Layer::ALL.into_iter().flat_map(|outer| Layer::ALL.map(|inner| (outer, inner)));
        let wrong = |(outer, inner): &(Layer, Layer)| {
            outer != inner && check_order(&Name::from("price"), &[*outer, *inner]).is_err()
        };
        assert_eq!(listed, pairs.filter(wrong).collect());
    }

    #[test]
    fn a_layer_is_written_once() {
        assert!(refused(&[Layer::Retry, Layer::Breaker, Layer::Retry]).is_some());
    }
}
