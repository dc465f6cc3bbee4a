use core::time::Duration;

use super::key::Key;
use super::kind::{ABOVE_ZERO, BELOW_ONE, Kind, Reading};
use crate::resilience::breaker::Window;
use crate::resilience::bulkhead::Shed;
use crate::resilience::concurrency_limit::{Aimd, Algorithm, Gradient2, Priority, Vegas};
use crate::resilience::hedge::After;
use crate::resilience::retry::Jitter;
use crate::resilience::timeout::Timeout;
use crate::sync::Quantile;

/// A field of the settings of a layer.
macro_rules! field {
    ($path:literal, $kind:expr, $layer:ident.$($field:ident).+, $set:expr) => {
        Key {
            path: $path,
            kind: $kind,
            has: |settings| settings.$layer.is_some(),
            set: |settings, reading| {
                if let Some(layer) = &mut settings.$layer {
                    put(&mut layer.$($field).+, reading, $set);
                }
            },
            restore: |settings, from| {
                if let (Some(layer), Some(from)) = (&mut settings.$layer, &from.$layer) {
                    layer.$($field).+ = from.$($field).+.clone();
                }
            },
        }
    };
}

/// Says the type of the field before the closure is looked at.
fn put<T>(field: &mut T, reading: &Reading, set: fn(&mut T, &Reading)) {
    set(field, reading);
}

/// A part of a timeout that follows what attempts took; makes one of a fixed timeout.
macro_rules! adaptive {
    ($path:literal, $kind:expr, $set:expr) => {
        Key {
            path: $path,
            kind: $kind,
            has: |settings| settings.timeout.is_some(),
            set: |settings, reading| {
                if let Some(timeout) = &mut settings.timeout {
                    let mut adaptive = match timeout {
                        Timeout::Adaptive(adaptive) => *adaptive,
                        _ => Timeout::adaptive(Quantile::P99),
                    };
                    put(&mut adaptive, reading, $set);
                    *timeout = Timeout::Adaptive(adaptive);
                }
            },
            restore: |settings, from| settings.timeout = from.timeout,
        }
    };
}

/// A parameter of an algorithm; makes that one the algorithm of the limit.
macro_rules! parameter {
    ($path:literal, $kind:expr, $algorithm:ident.$field:ident, $set:expr) => {
        field!($path, $kind, concurrency_limit.algorithm, |algorithm, reading| {
            let mut own = match algorithm {
                Algorithm::$algorithm(own) => *own,
                _ => $algorithm::standard(),
            };
            put(&mut own.$field, reading, $set);
            *algorithm = own.into();
        })
    };
}

fn count(field: &mut u32, new: &Reading) {
    *field = new.count();
}

fn time(field: &mut Duration, new: &Reading) {
    *field = new.time();
}

fn number(field: &mut f64, new: &Reading) {
    *field = new.number();
}

/// `false` is none.
fn time_or_none(field: &mut Option<Duration>, new: &Reading) {
    *field = match new {
        Reading::Time(time) => Some(*time),
        _ => None,
    };
}

const MILLI: Duration = Duration::from_millis(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);
const WEEK: Duration = Duration::from_secs(7 * 86_400);
const YEAR: Duration = Duration::from_secs(365 * 86_400);
const NANO: Duration = Duration::from_nanos(1);

const fn from(least: Duration, most: Duration) -> Kind {
    Kind::Time { least, most }
}

const fn up_to(most: Duration) -> Kind {
    Kind::Time { least: Duration::ZERO, most }
}

const fn counts(most: u32) -> Kind {
    Kind::Count { least: 1, most }
}

const LIMIT: Kind = from(NANO, YEAR);
// So that there is room between them.
const ADAPTIVE_MIN: Kind = from(MILLI, Duration::from_secs(3599));
const ADAPTIVE_MAX: Kind = from(Duration::from_millis(2), HOUR);
const QUANTILES: &[&str] = &["p50", "p90", "p95", "p99", "p99.9"];
const PERIOD: Kind = from(MILLI, WEEK);
const UP_TO_AN_HOUR: Kind = up_to(HOUR);
const MILLION: Kind = counts(1_000_000);
const THOUSAND: Kind = counts(1_000);
const CALLS: Kind = counts((1 << 24) - 1);
const SAMPLING: Kind = from(MILLI, MINUTE);
const HOUR_AT_MOST: Kind = from(MILLI, HOUR);
const SHED: Kind = from(NANO, MINUTE);
const SHARE: Kind = Kind::Share { least: ABOVE_ZERO, most: 1.0 };
const SHARE_OR_NONE: Kind = Kind::Share { least: 0.0, most: 1.0 };
const DROP_RATE: Kind = Kind::Share { least: 0.0, most: BELOW_ONE };
const BACKOFF: Kind = Kind::Share { least: 0.5, most: BELOW_ONE };
const FACTOR: Kind = Kind::Factor { least: 1.0, most: 100.0 };
const SLOW_AFTER: Kind = from(Duration::from_micros(1), WEEK);
const SLOW_CALLS: Kind = Kind::Pair(&SLOW_AFTER, &SHARE);
const GROWTH: Kind = Kind::Pair(&FACTOR, &PERIOD);
const BELOW: Kind = Kind::Choice(&["critical", "high", "normal"]);
const SHAPES: &[&str] = &["constant", "linear", "exponential", "fibonacci", "decorrelated"];
pub(super) const ALGORITHMS: &[&str] = &["gradient2", "vegas", "aimd"];

/// A measure that is taken from level 2 on. Where there were none of those, they begin as those of
/// level 1.
macro_rules! severe {
    ($path:literal, $kind:expr, $field:ident, $set:expr) => {
        Key {
            path: $path,
            kind: $kind,
            has: |settings| settings.degrade.is_some(),
            set: |settings, reading| {
                if let Some(degrade) = &mut settings.degrade {
                    let severe = degrade.severe.get_or_insert(degrade.measures);
                    put(&mut severe.$field, reading, $set);
                }
            },
            restore: |settings, from| {
                if let (Some(degrade), Some(from)) = (&mut settings.degrade, &from.degrade) {
                    degrade.severe = from.severe;
                }
            },
        }
    };
}

fn flag(field: &mut bool, new: &Reading) {
    *field = *new == Reading::Flag(true);
}

/// `false` is for calls of all priorities.
fn below(field: &mut Option<Priority>, new: &Reading) {
    *field = Priority::ALL.into_iter().find(|priority| priority.as_str() == new.word());
}

/// In the order in which they are put to use: the shape of a backoff before its parts.
pub(super) static KEYS: &[Key] = &[
    Key {
        path: "deadline",
        kind: LIMIT,
        has: |settings| settings.deadline.is_some(),
        set: |settings, new| settings.deadline = Some(new.time()),
        restore: |settings, from| settings.deadline = from.deadline,
    },
    Key {
        path: "timeout",
        kind: LIMIT,
        has: |settings| settings.timeout.is_some(),
        set: |settings, new| settings.timeout = Some(Timeout::Fixed(new.time())),
        restore: |settings, from| settings.timeout = from.timeout,
    },
    adaptive!("timeout.quantile", Kind::Choice(QUANTILES), |adaptive, new| {
        adaptive.quantile = quantile(new.word());
    }),
    adaptive!("timeout.times", Kind::Factor { least: 1.25, most: 100.0 }, |adaptive, new| {
        adaptive.factor = new.number();
    }),
    adaptive!("timeout.min", ADAPTIVE_MIN, |adaptive, new| adaptive.min = new.time()),
    adaptive!("timeout.max", ADAPTIVE_MAX, |adaptive, new| adaptive.max = new.time()),
    field!("degrade.retry", Kind::Flag, degrade.measures.retry, flag),
    field!("degrade.hedge", Kind::Flag, degrade.measures.hedge, flag),
    field!("degrade.concurrency", SHARE, degrade.measures.concurrency, number),
    field!("degrade.shed", SHARE_OR_NONE, degrade.measures.shed, number),
    field!("degrade.shed_below", Kind::OrNone(&BELOW), degrade.measures.shed_below, below),
    severe!("degrade.severe.retry", Kind::Flag, retry, flag),
    severe!("degrade.severe.hedge", Kind::Flag, hedge, flag),
    severe!("degrade.severe.concurrency", SHARE, concurrency, number),
    severe!("degrade.severe.shed", SHARE_OR_NONE, shed, number),
    severe!("degrade.severe.shed_below", Kind::OrNone(&BELOW), shed_below, below),
    field!("retry.attempts", THOUSAND, retry.attempts, count),
    field!("retry.backoff.shape", Kind::Choice(SHAPES), retry.backoff, |field, new| {
        *field = field.with_shape(new.word());
    }),
    field!("retry.backoff.first", up_to(YEAR), retry.backoff, |field, new| {
        *field = field.with_first(new.time());
    }),
    field!("retry.backoff.max", up_to(YEAR), retry.backoff, |field, new| {
        *field = field.max(new.time());
    }),
    field!("retry.backoff.factor", FACTOR, retry.backoff, |field, new| {
        *field = field.factor(new.number());
    }),
    field!(
        "retry.jitter",
        Kind::Choice(&["none", "full", "equal"]),
        retry.backoff,
        |field, new| {
            *field = field.jitter(match new.word() {
                "none" => Jitter::None,
                "equal" => Jitter::Equal,
                _ => Jitter::Full,
            });
        }
    ),
    field!("retry.retry_after_max", up_to(YEAR), retry.retry_after_max, time),
    field!("budget.ratio", SHARE_OR_NONE, retry_budget.ratio, number),
    field!("budget.capacity", MILLION, retry_budget.capacity, count),
    field!("breaker.window", Kind::Window, breaker.window, |field, new| {
        *field = match (*field, new) {
            (_, Reading::Time(length)) => Window::Time(*length),
            (Window::Consecutive(_), new) => Window::Consecutive(new.count()),
            (_, new) => Window::Count(new.count()),
        };
    }),
    field!("breaker.failure_rate", SHARE, breaker.failure_rate, number),
    field!("breaker.slow_calls", Kind::OrNone(&SLOW_CALLS), breaker.slow_calls, |field, new| {
        *field = match new {
            Reading::Pair(pair) => Some((pair.0.time(), pair.1.number())),
            _ => None,
        };
    }),
    field!("breaker.min_calls", MILLION, breaker.min_calls, count),
    field!("breaker.open_for", PERIOD, breaker.open_for, time),
    Key {
        path: "breaker.open_growth",
        kind: GROWTH,
        has: |settings| settings.breaker.is_some(),
        set: |settings, new| {
            if let (Some(breaker), Reading::Pair(pair)) = (&mut settings.breaker, new) {
                (breaker.open_growth, breaker.open_max) = (pair.0.number(), pair.1.time());
            }
        },
        restore: |settings, from| {
            if let (Some(breaker), Some(from)) = (&mut settings.breaker, &from.breaker) {
                (breaker.open_growth, breaker.open_max) = (from.open_growth, from.open_max);
            }
        },
    },
    field!("breaker.open_jitter", SHARE_OR_NONE, breaker.open_jitter, number),
    field!("breaker.probes", counts(255), breaker.probes, count),
    field!("breaker.half_open_for", PERIOD, breaker.half_open_for, time),
    field!("rate_limit.rate", Kind::Rate, rate_limit.quota, |quota, new| {
        if let Reading::Rate(rate) = new {
            // A burst that was not said apart goes with the rate.
            let burst = if quota.burst == quota.permits { rate.permits } else { quota.burst };
            *quota = rate.burst(burst);
        }
    }),
    field!("rate_limit.burst", MILLION, rate_limit.quota.burst, count),
    field!("rate_limit.wait", Kind::OrNone(&UP_TO_AN_HOUR), rate_limit.wait, time_or_none),
    field!("bulkhead.concurrent", CALLS, bulkhead.concurrent, count),
    field!("bulkhead.wait", up_to(DAY), bulkhead.wait, time),
    field!("bulkhead.shed", Kind::Flag, bulkhead.shed, |shed, new| {
        *shed = (*new == Reading::Flag(true)).then(|| shed.unwrap_or(Shed::standard()));
    }),
    field!("bulkhead.shed.target", SHED, bulkhead.shed, |shed, new| {
        shed.get_or_insert(Shed::standard()).target = new.time();
    }),
    field!("bulkhead.shed.interval", SHED, bulkhead.shed, |shed, new| {
        shed.get_or_insert(Shed::standard()).interval = new.time();
    }),
    field!("concurrency_limit.min", CALLS, concurrency_limit.min, count),
    field!("concurrency_limit.max", CALLS, concurrency_limit.max, count),
    field!("concurrency_limit.window", SAMPLING, concurrency_limit.window, time),
    field!("concurrency_limit.window_max", SAMPLING, concurrency_limit.window_max, time),
    field!("concurrency_limit.samples", MILLION, concurrency_limit.samples, count),
    field!("concurrency_limit.drop_rate", DROP_RATE, concurrency_limit.drop_rate, number),
    field!("concurrency_limit.shares.high", SHARE, concurrency_limit.shares.high, number),
    field!("concurrency_limit.shares.normal", SHARE, concurrency_limit.shares.normal, number),
    field!("concurrency_limit.shares.low", SHARE, concurrency_limit.shares.low, number),
    field!(
        "concurrency_limit.algorithm",
        Kind::Choice(ALGORITHMS),
        concurrency_limit.algorithm,
        |algorithm, new| {
            if algorithm.as_str() != new.word() {
                *algorithm = match new.word() {
                    "aimd" => Aimd::standard().into(),
                    "vegas" => Vegas::standard().into(),
                    _ => Gradient2::standard().into(),
                };
            }
        }
    ),
    parameter!("concurrency_limit.gradient2.tolerance", FACTOR, Gradient2.tolerance, number),
    parameter!("concurrency_limit.gradient2.queue", THOUSAND, Gradient2.queue, count),
    parameter!("concurrency_limit.gradient2.smoothing", SHARE, Gradient2.smoothing, number),
    parameter!("concurrency_limit.gradient2.long_window", MILLION, Gradient2.long_window, count),
    parameter!("concurrency_limit.vegas.alpha", THOUSAND, Vegas.alpha, count),
    parameter!("concurrency_limit.vegas.beta", THOUSAND, Vegas.beta, count),
    parameter!("concurrency_limit.vegas.alpha_share", SHARE_OR_NONE, Vegas.alpha_share, number),
    parameter!("concurrency_limit.vegas.beta_share", SHARE_OR_NONE, Vegas.beta_share, number),
    parameter!("concurrency_limit.vegas.smoothing", SHARE, Vegas.smoothing, number),
    parameter!("concurrency_limit.vegas.no_load_smoothing", SHARE, Vegas.no_load_smoothing, number),
    parameter!("concurrency_limit.vegas.probe_every", MILLION, Vegas.probe_every, count),
    parameter!("concurrency_limit.vegas.probe_share", SHARE, Vegas.probe_share, number),
    parameter!("concurrency_limit.aimd.backoff", BACKOFF, Aimd.backoff, number),
    parameter!("concurrency_limit.aimd.timeout", LIMIT, Aimd.timeout, time),
    Key {
        path: "hedge.after",
        kind: Kind::Either(&HOUR_AT_MOST, &Kind::Choice(QUANTILES)),
        has: |settings| settings.hedge.is_some(),
        set: |settings, new| {
            if let Some(hedge) = &mut settings.hedge {
                hedge.after = match new {
                    Reading::Time(delay) => After::Fixed(*delay),
                    new => After::Quantile(quantile(new.word())),
                };
                // What holds until a quantile is known.
                hedge.initial = hedge.initial.filter(|_| matches!(new, Reading::Choice(_)));
            }
        },
        restore: |settings, from| {
            if let (Some(hedge), Some(from)) = (&mut settings.hedge, &from.hedge) {
                (hedge.after, hedge.initial) = (from.after, from.initial);
            }
        },
    },
    field!("hedge.initial", Kind::OrNone(&HOUR_AT_MOST), hedge.initial, time_or_none),
    field!("hedge.max", counts(4), hedge.max, count),
    #[cfg(feature = "chaos")]
    field!("chaos.latency_from", UP_TO_AN_HOUR, chaos.latency_from, time),
    #[cfg(feature = "chaos")]
    field!("chaos.latency_to", UP_TO_AN_HOUR, chaos.latency_to, time),
    #[cfg(feature = "chaos")]
    field!("chaos.latency_rate", SHARE_OR_NONE, chaos.latency_rate, number),
    #[cfg(feature = "chaos")]
    field!("chaos.error_rate", SHARE_OR_NONE, chaos.error_rate, number),
    #[cfg(feature = "chaos")]
    field!("chaos.hang_rate", SHARE_OR_NONE, chaos.hang_rate, number),
    #[cfg(feature = "cache")]
    field!("cache.ttl", from(MILLI, YEAR), cache.ttl, time),
    #[cfg(feature = "cache")]
    field!("cache.stale", up_to(YEAR), cache.stale, time),
    #[cfg(feature = "cache")]
    field!("cache.negative.permanent", up_to(DAY), cache.negative.permanent, time),
    #[cfg(feature = "cache")]
    field!("cache.negative.transient", up_to(DAY), cache.negative.transient, time),
    #[cfg(feature = "cache")]
    field!("cache.negative.overloaded", up_to(DAY), cache.negative.overloaded, time),
    #[cfg(feature = "cache")]
    field!("cache.wait", HOUR_AT_MOST, cache.wait, time),
    #[cfg(feature = "cache")]
    field!("cache.refresh_pause", UP_TO_AN_HOUR, cache.refresh_pause, time),
];

fn quantile(word: &str) -> Quantile {
    match word {
        "p50" => Quantile::P50,
        "p90" => Quantile::P90,
        "p95" => Quantile::P95,
        "p99.9" => Quantile::of(0.999),
        _ => Quantile::P99,
    }
}
