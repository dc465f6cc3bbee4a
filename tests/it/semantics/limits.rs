//! Adaptive concurrency and rate limits.
//!
//! For the algorithms of an adaptive limit:
//!
//! | event | what happens |
//! |---|---|
//! | `sample 10ms of 12`, `sample 10ms of 12 dropped` | a window of calls with this mean latency, of which up to so many were inside at once |
//!
//! For an adaptive limit itself:
//!
//! | event | what happens |
//! |---|---|
//! | `low`, `normal`, `high`, `critical` | a call of this priority asks, and stays inside |
//! | `leave` | the call that entered first leaves |
//! | `set limit=20` | the limit is another one |
//!
//! For a rate limit:
//!
//! | event | what happens |
//! |---|---|
//! | `check` | a call asks for a permit |
//! | `reserve`, `reserve 3` | a call takes permits that it may use within the longest wait |
//! | `hold`, `cancel` | a call takes a permit so, and gives it back |
//! | `set permits=2`, `set wait=1s` | settings change |
//! | `look` | nothing |

use std::collections::VecDeque;
use std::time::Duration;

use reliability::resilience::concurrency_limit::{
    Aimd, Algorithm, ConcurrencyLimit, Estimator, OwnedPermit, Priority, Sample, Vegas,
};
use reliability::resilience::rate_limit::{self, Quota, RateLimit, Reservation, ReserveError};
use reliability::time::ManualClock;

use super::replay::{Subject, or_none, replay};
use super::table::{Settings, duration, number};
use super::tables;

struct Estimated(Estimator);

impl Subject for Estimated {
    fn new(settings: &mut Settings) -> Self {
        let smoothing = settings.number("smoothing");
        let algorithm: Algorithm = match settings.take("algorithm").as_deref() {
            Some("aimd") => Aimd::standard().into(),
            Some("vegas") => {
                Vegas { smoothing: smoothing.unwrap_or(1.0), ..Vegas::published() }.into()
            }
            other => panic!("no algorithm is called {other:?}"),
        };
        let bounds = ["min", "max", "initial"].map(|key| settings.number(key).expect(key));
        let [min, max, initial] = bounds;
        Self(Estimator::new(algorithm, min, max, initial))
    }

    fn advance(&mut self, _by: Duration) {}

    fn step(&mut self, event: &[&str]) {
        let sample = match *event {
            ["sample", latency, "of", inside] => Sample::new(duration(latency), number(inside)),
            ["sample", latency, "of", inside, "dropped"] => {
                Sample::new(duration(latency), number(inside)).dropped()
            }
            _ => panic!("`{}` is no event", event.join(" ")),
        };
        self.0.step(&sample, 0);
    }

    fn observe(&self, key: &str) -> Option<String> {
        (key == "limit").then(|| self.0.limit().to_string())
    }

    fn key_of(_word: &str) -> Option<&'static str> {
        None
    }
}

struct Shared {
    limit: ConcurrencyLimit,
    inside: VecDeque<OwnedPermit>,
    decision: &'static str,
}

impl Subject for Shared {
    fn new(settings: &mut Settings) -> Self {
        let limit = settings.number("limit").expect("a limit");
        let mut builder = ConcurrencyLimit::builder("stock").min(limit).max(limit).initial(limit);
        for priority in [Priority::High, Priority::Normal, Priority::Low] {
            let share = settings.number(priority.as_str()).unwrap_or(1.0);
            builder = builder.share(priority, share);
        }
        let limit = builder.clock(ManualClock::new().clock()).build().unwrap();
        Self { limit, inside: VecDeque::new(), decision: "none" }
    }

    fn advance(&mut self, _by: Duration) {}

    fn step(&mut self, event: &[&str]) {
        match *event {
            ["leave"] => self.inside.pop_front().expect("a call inside").success(),
            ["set", limit] => {
                let limit = number(limit.strip_prefix("limit=").expect("a limit"));
                let changed = self.limit.reconfigure(|settings| {
                    (settings.min, settings.max, settings.initial) = (limit, limit, limit);
                });
                changed.unwrap();
            }
            [priority] => {
                let named = |other: &&Priority| other.as_str() == priority;
                let priority = *Priority::ALL.iter().find(named).expect("a priority");
                let asked = self.limit.acquire_owned(priority);
                self.decision = if asked.is_ok() { "admitted" } else { "refused" };
                self.inside.extend(asked);
            }
            _ => panic!("`{}` is no event", event.join(" ")),
        }
    }

    fn observe(&self, key: &str) -> Option<String> {
        Some(match key {
            "decision" => self.decision.to_owned(),
            "limit" => self.limit.limit().to_string(),
            "inside" => self.limit.in_flight().to_string(),
            "refusals" => {
                let refusals = Priority::ALL.map(|priority| self.limit.rejected(priority));
                refusals.iter().sum::<u64>().to_string()
            }
            _ => return None,
        })
    }

    fn key_of(word: &str) -> Option<&'static str> {
        matches!(word, "admitted" | "refused").then_some("decision")
    }
}

struct Permits {
    limit: RateLimit,
    clock: ManualClock,
    held: Option<Reservation>,
    decision: &'static str,
    /// How long the last call has to wait, or is told to stay away.
    delay: Option<Duration>,
}

impl Subject for Permits {
    fn new(settings: &mut Settings) -> Self {
        let clock = ManualClock::new();
        let algorithm = settings.take("algorithm").expect("an algorithm");
        let named = |other: &&rate_limit::Algorithm| other.as_str() == algorithm;
        let algorithm = *rate_limit::Algorithm::ALL.iter().find(named).expect("an algorithm");
        let permits = settings.number("permits").expect("permits");
        let quota = Quota::new(permits, settings.duration("period").expect("a period"));
        let burst = settings.number("burst").unwrap_or(permits);
        let mut builder = RateLimit::builder("stock").quota(quota.burst(burst));
        builder = builder.algorithm(algorithm).wait(settings.duration("wait").unwrap_or_default());
        let limit = builder.clock(clock.clock()).build().unwrap();
        Self { limit, clock, held: None, decision: "none", delay: None }
    }

    fn advance(&mut self, by: Duration) {
        self.clock.advance(by);
    }

    fn step(&mut self, event: &[&str]) {
        match *event {
            ["look"] => {}
            ["check"] => {
                let decision = self.limit.check();
                self.decision = if decision.is_allowed() { "allowed" } else { "limited" };
                self.delay = match decision {
                    rate_limit::Decision::Limited { retry_after } => Some(retry_after),
                    rate_limit::Decision::Allowed { .. } => None,
                };
            }
            ["reserve"] => self.reserve(1).map_or((), Reservation::commit),
            ["reserve", permits] => self.reserve(number(permits)).map_or((), Reservation::commit),
            ["hold"] => self.held = self.reserve(1),
            ["cancel"] => self.held.take().expect("a reservation").cancel(),
            ["set", setting] => {
                let (key, value) = setting.split_once('=').expect("a setting");
                let changed = self.limit.reconfigure(|settings| match key {
                    "permits" => settings.quota = Quota::new(number(value), settings.quota.period),
                    "wait" => settings.wait = Some(duration(value)),
                    _ => panic!("a rate limit has no setting `{key}`"),
                });
                changed.unwrap();
            }
            _ => panic!("`{}` is no event", event.join(" ")),
        }
    }

    fn observe(&self, key: &str) -> Option<String> {
        let settings = self.limit.settings();
        Some(match key {
            "decision" => self.decision.to_owned(),
            "delay" => or_none(self.delay),
            "remaining" => self.limit.remaining().to_string(),
            "permits" => settings.quota.permits.to_string(),
            "period" => format!("{:?}", settings.quota.period),
            "wait" => or_none(settings.wait),
            "refusals" => self.limit.rejected().to_string(),
            _ => return None,
        })
    }

    fn key_of(word: &str) -> Option<&'static str> {
        matches!(word, "allowed" | "limited" | "reserved" | "too_many").then_some("decision")
    }
}

impl Permits {
    fn reserve(&mut self, permits: u32) -> Option<Reservation> {
        let longest = self.limit.settings().wait.unwrap_or_default();
        let reserved = self.limit.reserve(permits, longest);
        (self.decision, self.delay) = match &reserved {
            Ok(reservation) => ("reserved", Some(reservation.delay())),
            Err(ReserveError::Rejected(rejected)) => ("limited", rejected.retry_after()),
            Err(_) => ("too_many", None),
        };
        reserved.ok()
    }
}

#[test]
fn as_the_limits_of_concurrency_limits() {
    replay::<Estimated>(&tables::CONCURRENCY_LIMITS_VEGAS);
    replay::<Estimated>(&tables::CONCURRENCY_LIMITS_AIMD);
}

#[test]
fn as_the_partitions_of_concurrency_limits() {
    replay::<Shared>(&tables::CONCURRENCY_LIMITS_PARTITIONS);
}

#[test]
fn as_the_rate_limiter_of_resilience4j() {
    replay::<Permits>(&tables::RESILIENCE4J_RATE_LIMITER);
}

#[test]
fn as_the_rate_limiters_of_failsafe_go() {
    replay::<Permits>(&tables::FAILSAFE_GO_RATE_LIMITER);
}
