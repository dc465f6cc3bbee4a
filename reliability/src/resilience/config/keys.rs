use core::time::Duration;

use super::kind::{Kind, Reading};
use crate::resilience::breaker::Window;
use crate::resilience::hedge::After;
use crate::resilience::policy::Settings;
use crate::resilience::retry::Jitter;
use crate::resilience::timeout::Timeout;
use crate::sync::Quantile;

/// One setting that a file can have: its name, the values it takes, and where they go.
///
/// Everything that reads, checks, lists or suggests settings goes through [`KEYS`], so a setting is
/// added by adding its line.
pub(super) struct Key {
    /// Below the policy, with dots.
    pub(super) path: &'static str,
    pub(super) kind: Kind,
    /// Whether the policy has the layer that the setting is one of.
    pub(super) has: fn(&Settings) -> bool,
    pub(super) set: fn(&mut Settings, &Reading),
    /// Takes the value over from other settings of the same policy.
    pub(super) restore: fn(&mut Settings, &Settings),
}

impl Key {
    /// The word of the layer, as `#[resilient(..)]` writes it.
    pub(super) fn layer(&self) -> &'static str {
        self.path.split('.').next().unwrap_or(self.path)
    }

    pub(super) fn last(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }
}

impl core::fmt::Debug for Key {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.path)
    }
}

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

const MILLI: Duration = Duration::from_millis(1);
const DAY: Duration = Duration::from_secs(86_400);
const WEEK: Duration = Duration::from_secs(7 * 86_400);
const YEAR: Duration = Duration::from_secs(365 * 86_400);

const LIMIT: Kind = Kind::Time { least: Duration::from_nanos(1), most: YEAR };
// So that there is room between them.
const ADAPTIVE_MIN: Kind = Kind::Time { least: MILLI, most: Duration::from_secs(3599) };
const ADAPTIVE_MAX: Kind =
    Kind::Time { least: Duration::from_millis(2), most: Duration::from_secs(3600) };
const QUANTILES: &[&str] = &["p50", "p90", "p95", "p99", "p99.9"];
const PERIOD: Kind = Kind::Time { least: MILLI, most: WEEK };
const DELAY: Kind = Kind::Time { least: Duration::ZERO, most: YEAR };
const HOUR: Duration = Duration::from_secs(3600);
const PERMITS: Kind = Kind::Count { least: 1, most: 1_000_000 };
const LIMITS: Kind = Kind::Count { least: 1, most: (1 << 24) - 1 };
const SAMPLING: Kind = Kind::Time { least: MILLI, most: Duration::from_secs(60) };
const HEDGE_DELAY: Kind = HOUR_AT_MOST;
const HOUR_AT_MOST: Kind = Kind::Time { least: MILLI, most: HOUR };
#[cfg(any(feature = "cache", feature = "chaos"))]
const LATENCY: Kind = Kind::Time { least: Duration::ZERO, most: HOUR };
#[cfg(feature = "chaos")]
const RATE: Kind = Kind::Share { zero: true };
#[cfg(feature = "cache")]
const TTL: Kind = Kind::Time { least: MILLI, most: YEAR };
#[cfg(feature = "cache")]
const NEGATIVE: Kind = Kind::Time { least: Duration::ZERO, most: DAY };
const SHARE: Kind = Kind::Share { zero: false };
const SLOW_AFTER: Kind = Kind::Time { least: Duration::from_micros(1), most: WEEK };
const SLOW_CALLS: Kind = Kind::Pair(&SLOW_AFTER, &SHARE);
const GROWTH: Kind = Kind::Pair(&Kind::Factor { least: 1.0, most: 100.0 }, &PERIOD);
const SHAPES: &[&str] = &["constant", "linear", "exponential", "fibonacci", "decorrelated"];

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
    field!("retry.attempts", Kind::Count { least: 1, most: 1000 }, retry.attempts, |field, new| {
        *field = new.count();
    }),
    field!("retry.backoff.shape", Kind::Choice(SHAPES), retry.backoff, |field, new| {
        *field = field.with_shape(new.word());
    }),
    field!("retry.backoff.first", DELAY, retry.backoff, |field, new| {
        *field = field.with_first(new.time());
    }),
    field!("retry.backoff.max", DELAY, retry.backoff, |field, new| {
        *field = field.max(new.time());
    }),
    field!(
        "retry.backoff.factor",
        Kind::Factor { least: 1.0, most: 100.0 },
        retry.backoff,
        |field, new| *field = field.factor(new.number())
    ),
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
    field!("retry.retry_after_max", DELAY, retry.retry_after_max, |field, new| {
        *field = new.time();
    }),
    field!("breaker.window", Kind::Window, breaker.window, |field, new| {
        *field = match (*field, new) {
            (_, Reading::Time(length)) => Window::Time(*length),
            (Window::Consecutive(_), new) => Window::Consecutive(new.count()),
            (_, new) => Window::Count(new.count()),
        };
    }),
    field!("breaker.failure_rate", SHARE, breaker.failure_rate, |field, new| {
        *field = new.number();
    }),
    field!("breaker.slow_calls", Kind::OrNone(&SLOW_CALLS), breaker.slow_calls, |field, new| {
        *field = match new {
            Reading::Pair(pair) => Some((pair.0.time(), pair.1.number())),
            _ => None,
        };
    }),
    field!(
        "breaker.min_calls",
        Kind::Count { least: 1, most: 1_000_000 },
        breaker.min_calls,
        |field, new| *field = new.count()
    ),
    field!("breaker.open_for", PERIOD, breaker.open_for, |field, new| *field = new.time()),
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
    field!("breaker.open_jitter", Kind::Share { zero: true }, breaker.open_jitter, |field, new| {
        *field = new.number();
    }),
    field!("breaker.probes", Kind::Count { least: 1, most: 255 }, breaker.probes, |field, new| {
        *field = new.count();
    }),
    field!("breaker.half_open_for", PERIOD, breaker.half_open_for, |field, new| {
        *field = new.time();
    }),
    field!("rate_limit.rate", Kind::Rate, rate_limit.quota, |quota, new| {
        if let Reading::Rate(rate) = new {
            // A burst that was not said apart goes with the rate.
            let burst = if quota.burst == quota.permits { rate.permits } else { quota.burst };
            *quota = rate.burst(burst);
        }
    }),
    Key {
        path: "rate_limit.burst",
        kind: Kind::Count { least: 1, most: 1_000_000 },
        has: |settings| settings.rate_limit.is_some(),
        set: |settings, new| {
            if let Some(limit) = &mut settings.rate_limit {
                limit.quota.burst = new.count();
            }
        },
        restore: |settings, from| {
            if let (Some(limit), Some(from)) = (&mut settings.rate_limit, &from.rate_limit) {
                limit.quota.burst = from.quota.burst;
            }
        },
    },
    field!(
        "rate_limit.wait",
        Kind::Time { least: Duration::ZERO, most: HOUR },
        rate_limit.wait,
        |wait, new| *wait = Some(new.time())
    ),
    field!(
        "bulkhead.concurrent",
        Kind::Count { least: 1, most: 16_777_215 },
        bulkhead.concurrent,
        |field, new| *field = new.count()
    ),
    field!(
        "bulkhead.wait",
        Kind::Time { least: Duration::ZERO, most: DAY },
        bulkhead.wait,
        |field, new| *field = new.time()
    ),
    field!("concurrency_limit.min", LIMITS, concurrency_limit.min, |field, new| {
        *field = new.count();
    }),
    field!("concurrency_limit.max", LIMITS, concurrency_limit.max, |field, new| {
        *field = new.count();
    }),
    field!("concurrency_limit.window", SAMPLING, concurrency_limit.window, |field, new| {
        *field = new.time();
    }),
    field!("concurrency_limit.window_max", SAMPLING, concurrency_limit.window_max, |field, new| {
        *field = new.time();
    }),
    field!("concurrency_limit.samples", PERMITS, concurrency_limit.samples, |field, new| {
        *field = new.count();
    }),
    field!(
        "concurrency_limit.drop_rate",
        Kind::Factor { least: 0.0, most: 0.999_999 },
        concurrency_limit.drop_rate,
        |field, new| *field = new.number()
    ),
    Key {
        path: "hedge.after",
        kind: Kind::Either(&HEDGE_DELAY, &Kind::Choice(QUANTILES)),
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
    field!("hedge.max", Kind::Count { least: 1, most: 4 }, hedge.max, |field, new| {
        *field = new.count();
    }),
    #[cfg(feature = "chaos")]
    field!("chaos.latency_from", LATENCY, chaos.latency_from, |field, new| *field = new.time()),
    #[cfg(feature = "chaos")]
    field!("chaos.latency_to", LATENCY, chaos.latency_to, |field, new| *field = new.time()),
    #[cfg(feature = "chaos")]
    field!("chaos.latency_rate", RATE, chaos.latency_rate, |field, new| *field = new.number()),
    #[cfg(feature = "chaos")]
    field!("chaos.error_rate", RATE, chaos.error_rate, |field, new| *field = new.number()),
    #[cfg(feature = "chaos")]
    field!("chaos.hang_rate", RATE, chaos.hang_rate, |field, new| *field = new.number()),
    #[cfg(feature = "cache")]
    field!("cache.ttl", TTL, cache.ttl, |field, new| *field = new.time()),
    #[cfg(feature = "cache")]
    field!("cache.stale", DELAY, cache.stale, |field, new| *field = new.time()),
    #[cfg(feature = "cache")]
    field!("cache.negative.permanent", NEGATIVE, cache.negative.permanent, |field, new| {
        *field = new.time();
    }),
    #[cfg(feature = "cache")]
    field!("cache.negative.transient", NEGATIVE, cache.negative.transient, |field, new| {
        *field = new.time();
    }),
    #[cfg(feature = "cache")]
    field!("cache.negative.overloaded", NEGATIVE, cache.negative.overloaded, |field, new| {
        *field = new.time();
    }),
    #[cfg(feature = "cache")]
    field!("cache.wait", HOUR_AT_MOST, cache.wait, |field, new| *field = new.time()),
    #[cfg(feature = "cache")]
    field!("cache.refresh_pause", LATENCY, cache.refresh_pause, |field, new| *field = new.time()),
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
