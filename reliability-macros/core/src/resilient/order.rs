use super::layer::Layer;
use crate::diagnostics::Diagnostics;

/// Orders that are certainly a mistake: outer layer, inner layer, which of the two words to mark,
/// and why. `Policy::builder` refuses the same ones when it builds.
const MISTAKES: &[(&str, &str, Mark, &str)] = &[
    (
        "timeout",
        "retry",
        Mark::Outer,
        "`timeout` outside `retry` bounds all attempts together; write `deadline`, or move \
         `timeout` behind `retry`, where it bounds each attempt",
    ),
    (
        "retry",
        "deadline",
        Mark::Inner,
        "`deadline` inside `retry` would start anew with each attempt; write `timeout`, or move \
         `deadline` in front of `retry`, where it bounds the whole call",
    ),
    (
        "timeout",
        "breaker",
        Mark::Outer,
        "`timeout` outside `breaker` hides from the breaker that an attempt takes too long; move \
         `timeout` behind `breaker`",
    ),
    (
        "concurrency_limit",
        "retry",
        Mark::Outer,
        "`concurrency_limit` outside `retry` takes several attempts and the pauses between them for \
         the latency of one; move `concurrency_limit` behind `retry`",
    ),
    (
        "timeout",
        "concurrency_limit",
        Mark::Outer,
        "`timeout` outside `concurrency_limit` hides from the limit that an attempt takes too long; \
         move `timeout` behind `concurrency_limit`",
    ),
    ("retry", "fallback", Mark::Inner, HIDES),
    ("breaker", "fallback", Mark::Inner, HIDES),
    ("rate_limit", "fallback", Mark::Inner, HIDES),
    ("concurrency_limit", "fallback", Mark::Inner, HIDES),
    ("bulkhead", "fallback", Mark::Inner, HIDES),
    ("timeout", "fallback", Mark::Inner, HIDES),
    (
        "cache",
        "fallback",
        Mark::Inner,
        "`fallback` inside `cache` would have its answer kept as if it were the real one; write \
         `fallback` in front of `cache`",
    ),
    (
        "retry",
        "cache",
        Mark::Inner,
        "`cache` inside `retry` would count a hit as an attempt, and look up again what was just \
         found missing; write `cache` in front of `retry`",
    ),
    ("breaker", "cache", Mark::Inner, NO_LOAD),
    ("rate_limit", "cache", Mark::Inner, NO_LOAD),
    ("concurrency_limit", "cache", Mark::Inner, NO_LOAD),
    ("bulkhead", "cache", Mark::Inner, NO_LOAD),
    (
        "timeout",
        "cache",
        Mark::Inner,
        "`cache` inside `timeout` would have the wait for another call's answer end as if that were \
         an attempt; write `cache` in front of `timeout`",
    ),
    ("hedge", "fallback", Mark::Inner, HIDES),
    (
        "hedge",
        "deadline",
        Mark::Inner,
        "`deadline` inside `hedge` would be one for each request; write `timeout`, or move \
         `deadline` in front of `hedge`, where it bounds the whole call",
    ),
    (
        "hedge",
        "retry",
        Mark::Outer,
        "`hedge` outside `retry` would retry each hedge by itself, and multiply the load; move \
         `hedge` behind `retry`",
    ),
    ("hedge", "breaker", Mark::Outer, ONE_ATTEMPT),
    ("hedge", "rate_limit", Mark::Outer, ONE_ATTEMPT),
    ("hedge", "concurrency_limit", Mark::Outer, ONE_ATTEMPT),
    ("hedge", "bulkhead", Mark::Outer, ONE_ATTEMPT),
    (
        "hedge",
        "cache",
        Mark::Inner,
        "`cache` inside `hedge` would be asked twice for an answer that needs no request; write \
         `cache` in front of `hedge`",
    ),
    (
        "degrade",
        "fallback",
        Mark::Inner,
        "`fallback` inside `degrade` would not answer the calls that are kept out; write `fallback` \
         in front of `degrade`",
    ),
    (
        "degrade",
        "cache",
        Mark::Inner,
        "`cache` inside `degrade` would have calls kept out whose answer is known and costs nothing; \
         write `cache` in front of `degrade`",
    ),
    (
        "retry",
        "degrade",
        Mark::Inner,
        "whether there are retries is decided once for the call; write `degrade` in front of `retry`",
    ),
    ("breaker", "degrade", Mark::Inner, KEPT_OUT),
    ("rate_limit", "degrade", Mark::Inner, KEPT_OUT),
    ("concurrency_limit", "degrade", Mark::Inner, KEPT_OUT),
    ("bulkhead", "degrade", Mark::Inner, KEPT_OUT),
    ("hedge", "degrade", Mark::Outer, ONE_ATTEMPT),
    (
        "timeout",
        "degrade",
        Mark::Inner,
        "what is done less of is decided for the call and not for an attempt; write `degrade` in front \
         of `timeout`",
    ),
];

const KEPT_OUT: &str = "a call that `degrade` keeps out would have taken a permit or a place in front \
                        of it, and be refused as one that it is meant to make room for; write \
                        `degrade` in front of `retry` and of what lets calls in";

const NO_LOAD: &str = "an answer from the cache asks nothing of the dependency, and is neither to be \
                       refused nor counted as its work; write `cache` in front of what guards the \
                       dependency";

const ONE_ATTEMPT: &str = "a hedge belongs to the attempt that it helps, and is let in with it by what \
                           stands in front; move `hedge` behind, directly in front of `timeout`";

const HIDES: &str = "policies nest in the written order, outermost first, and a policy outside of \
                     `fallback` would take its answer for a success; write `fallback` first, or \
                     directly behind `deadline`";

const STANDS_IN: &str = "`chaos` stands in for the dependency, and what is written behind it would \
                         never meet its faults; write `chaos` last";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Outer,
    Inner,
}

/// Refuses the orders above, once for each word that stands in the wrong place.
pub(super) fn check(diagnostics: &mut Diagnostics, layers: &[Layer]) {
    let mut marked: Vec<&'static str> = Vec::new();
    for (index, inner) in layers.iter().enumerate() {
        for outer in &layers[..index] {
            let names = (outer.kind.name(), inner.kind.name());
            let mistake = MISTAKES.iter().find(|(outer, inner, ..)| (*outer, *inner) == names);
            let mistake = mistake.map(|(_, _, mark, reason)| (*mark, *reason));
            let is_chaos = names.0 == "chaos" && names.1 != "chaos";
            let Some((mark, reason)) = mistake.or(is_chaos.then_some((Mark::Outer, STANDS_IN)))
            else {
                continue;
            };
            let wrong = if mark == Mark::Outer { outer } else { inner };
            if marked.contains(&wrong.kind.name()) {
                continue;
            }
            marked.push(wrong.kind.name());
            diagnostics.error(&wrong.word, reason);
        }
    }
}
