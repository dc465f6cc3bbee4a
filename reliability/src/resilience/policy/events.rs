//! What a policy tells while it works: `tracing` events, off the path of calls that go well, and the
//! same on the span that the call is in.
//!
//! Names follow OpenTelemetry's conventions: lower case, dots between namespaces, snake case
//! within, and all in this crate's namespace. Without the `telemetry` feature nothing is emitted.

use core::time::Duration;

use super::inner::Inner;
use crate::error::{Class, Rejected};
#[cfg(feature = "tower")]
use crate::resilience::Bulkhead;

/// A function that emits an event of a policy.
macro_rules! event {
    (
        $(#[$doc:meta])*
        $level:ident $name:literal, $message:literal:
        fn $function:ident($($argument:ident: $type:ty),*) {
            $($key:ident $(.$of_key:ident)* = $value:expr,)*
        }
    ) => {
        $(#[$doc])*
        pub(super) fn $function(policy: &Inner, $($argument: $type),*) {
            #[cfg(feature = "telemetry")]
            tracing::event!(
                name: $name,
                target: "reliability",
                tracing::Level::$level,
                reliability.policy.name = policy.name.as_str(),
                $($key $(.$of_key)* = $value,)*
                $message,
            );
            #[cfg(all(feature = "std", feature = "telemetry"))]
            crate::telemetry::trace::event($name, |fields| {
                fields.text("reliability.policy.name", policy.name.as_str());
                $(fields.value(concat!(stringify!($key) $(, ".", stringify!($of_key))*), &$value);)*
            });
            #[cfg(not(feature = "telemetry"))]
            let _ = (policy, $($argument),*);
        }
    };
}

event! {
    /// One for each call that is refused, which under an open breaker is all of them: below the
    /// levels that people keep. What wakes somebody is the breaker's transition.
    DEBUG "reliability.policy.rejected", "rejected":
    fn rejected(rejected: &Rejected) {
        reliability.reason = rejected.reason().as_str(),
        reliability.rejected_by = rejected.policy().as_str(),
        reliability.retry_after_ms = rejected.retry_after().map(|after| after.as_millis() as u64),
    }
}

event! {
    /// The same, of a call that a bulkhead refuses at once: nobody has made its refusal yet.
    #[cfg(feature = "tower")]
    DEBUG "reliability.policy.rejected", "rejected":
    fn full(bulkhead: &Bulkhead) {
        reliability.reason = crate::error::Reason::BulkheadFull.as_str(),
        reliability.rejected_by = bulkhead.name().as_str(),
        reliability.retry_after_ms = None::<u64>,
    }
}

event! {
    INFO "reliability.policy.retried", "trying again":
    fn retried(attempts: u32, pause: Duration) {
        reliability.attempts = attempts,
        reliability.pause_ms = pause.as_millis() as u64,
    }
}

event! {
    WARN "reliability.policy.retry_denied", "the retry budget is used up":
    fn retry_denied(attempts: u32) {
        reliability.attempts = attempts,
    }
}

event! {
    INFO "reliability.policy.fell_back", "asking the fallback":
    fn fell_back(class: Class) {
        reliability.class = class.as_str(),
    }
}

event! {
    DEBUG "reliability.policy.hedged", "asking a second time":
    fn hedged(hedge: u32, after: Duration) {
        reliability.hedge = hedge,
        reliability.after_ms = after.as_millis() as u64,
    }
}

event! {
    DEBUG "reliability.policy.hedge_won", "the hedge answered first":
    fn hedge_won(hedge: u32) {
        reliability.hedge = hedge,
    }
}

event! {
    INFO "reliability.policy.hedge_denied", "the retry budget is used up, so there is no hedge":
    fn hedge_denied() {}
}
