//! What expansions may name. Not for people: it changes without notice.

#[cfg(all(feature = "std", feature = "resilience"))]
mod answer;
#[cfg(all(feature = "std", feature = "resilience"))]
mod argument;
#[cfg(feature = "cache")]
mod cache;
#[cfg(feature = "saga")]
mod called;
#[cfg(all(feature = "std", feature = "resilience"))]
mod chaos;
#[cfg(feature = "choreography")]
mod choreography;
mod described;
mod diagnostics;
#[cfg(feature = "event_sourcing")]
mod events;
#[cfg(all(feature = "std", feature = "telemetry"))]
mod metrics;
#[cfg(all(feature = "std", feature = "telemetry"))]
mod operation;
#[cfg(all(feature = "std", feature = "resilience"))]
mod rate_limit;
#[cfg(feature = "saga")]
mod saga;
#[cfg(all(feature = "std", feature = "resilience"))]
mod shared;
#[cfg(all(feature = "redis", not(reliability_loom)))]
mod shared_rate_limit;
#[cfg(feature = "sre")]
mod slo;
#[cfg(all(feature = "std", feature = "telemetry"))]
mod traced;
#[cfg(all(feature = "std", feature = "telemetry"))]
mod tracing_span;

pub use alloc::string::String;
pub use alloc::vec::Vec;

pub use crate::state::packed::{join_bits, split_bits};
pub use core;
pub use core::time::Duration;

#[cfg(all(feature = "std", feature = "telemetry"))]
pub use crate::telemetry::trace::Kind;
#[cfg(all(feature = "std", any(feature = "resilience", feature = "telemetry")))]
pub use inventory;
#[cfg(feature = "telemetry")]
pub use tracing;

#[cfg(all(feature = "std", feature = "telemetry"))]
pub use crate::telemetry::metrics::{Declarable, Declared as Watched, Operation};

#[cfg(all(feature = "std", feature = "resilience"))]
pub use crate::resilience::declared::{Declaration, Declared, Registered};
#[cfg(all(feature = "std", feature = "resilience"))]
pub use crate::resilience::keyed::Keyed;
#[cfg(all(feature = "std", feature = "resilience"))]
pub use crate::resilience::registry::Site;
#[cfg(all(feature = "std", feature = "resilience"))]
pub use crate::resilience::{Call, Next};

#[cfg(feature = "sre")]
pub use crate::sre;
#[cfg(feature = "sre")]
pub use slo::{
    Counted, Good, JudgeAnswer, JudgeFault, JudgeResult, Judged, Says, judge_with, run_once,
};

#[cfg(all(feature = "std", feature = "resilience"))]
pub use answer::{Answer, AnswerLater, AnswerNow, FallbackResult, Later, Now};
#[cfg(all(feature = "std", feature = "resilience"))]
pub use argument::{Argument, Attempts, Repeatable, again};
#[cfg(feature = "cache")]
pub use cache::{
    Asked, ByKey, ByNothing, ErrorsOf, Found, KeptError, KeyByReference, KeyByValue, KeyPart,
    Lookup, SharesErrors, SharesValues, keeps_errors, key, refresh_behind,
};
#[cfg(feature = "saga")]
pub use called::{
    Function, Gives, GivesNeeded, IsCx, IsShared, Misfit, Takes, function, shared_cx,
};
#[cfg(all(feature = "std", feature = "resilience", not(feature = "chaos")))]
pub use chaos::without_chaos;
#[cfg(all(feature = "std", feature = "resilience"))]
pub use chaos::{Outcome, chaos, inject_with, makes};
#[cfg(feature = "choreography")]
pub use choreography::{
    HandlerEnd, Heard, Input, Listens, Makes, MayRefuse, attempt_of, boxed, heard, listened, made,
    probed, probed_listener, started, unheard, unprobed,
};
pub use described::{
    DescribeDebug, DescribeDisplay, DescribeError, DescribeName, Described, describe,
};
pub use diagnostics::{
    CarriesRejected, Method, OneImplementor, RetryAfter, carry, carry_failure, one_implementor,
    typed,
};
#[cfg(all(feature = "std", feature = "resilience"))]
pub use diagnostics::{Switch, switch};
#[cfg(feature = "event_sourcing")]
pub use events::{
    Decided, Initial, Kept, OldPayload, Payload, Upcast, command, led, read_event, snapshots,
    upcast,
};
#[cfg(all(feature = "std", feature = "telemetry"))]
pub use operation::{Finished, FinishedFault, FinishedOther, FinishedResult, Timed};
#[cfg(all(feature = "std", feature = "resilience"))]
pub use rate_limit::{RateLimitKey, rate_limit_key};
#[cfg(feature = "saga")]
pub use saga::{
    FromAttempt, InputFrom, OutputFrom, ProbeEnded, RefusalFrom, StepEnded, ThenEnded, UndoEnded,
    attempt, nested_input, nested_output, nested_refusal, probe_ended, step_ended, then_ended,
    undo_ended,
};
#[cfg(all(feature = "std", feature = "resilience"))]
pub use shared::{Shared, shared};
#[cfg(all(feature = "redis", not(reliability_loom)))]
pub use shared_rate_limit::{
    SharedRateLimit, SharedRateLimitKey, shared_rate_limit, shared_rate_limit_key,
};
#[cfg(all(feature = "std", feature = "telemetry"))]
pub use traced::{
    EndDebug, EndDisplay, EndOther, Ended, ShowDebug, ShowType, Shown, TypeName, ValueOfOther,
    ValueOfResult, end_debug, end_display, end_hidden,
};
#[cfg(all(feature = "std", feature = "telemetry"))]
pub use tracing_span::{Begin, LinkTo, NewFields, Traced};
