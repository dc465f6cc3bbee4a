//! Circuit breakers.
//!
//! | event | what happens |
//! |---|---|
//! | `ok`, `err`, `ignored` | a call asks, and ends so at once; with `took 5s`, after that by its own watch |
//! | `begin a b` | calls ask, one after the other; seen is what the last one was told |
//! | `a ok`, `a err`, `a ignored`, `a drop`, `a panic` | the call `a` ends so |
//! | `trip` | calls fail until the breaker is not closed any more |
//! | `force_open`, `disable`, `reset`, `metrics_only` | an operator says so |
//! | `set key=value` | settings change |
//! | `look` | nothing |

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use reliability::error::Counted;
use reliability::resilience::breaker::{Breaker, OwnedPermit, Probes, Settings, State, Window};
use reliability::time::ManualClock;

use super::replay::{Subject, or_none, replay};
use super::table::{self, duration, number};
use super::tables;

struct Calls {
    breaker: Breaker,
    clock: ManualClock,
    begun: BTreeMap<String, OwnedPermit>,
    /// What the last call was told, and until when it was to stay away.
    decision: &'static str,
    retry_after: Option<Duration>,
}

impl Subject for Calls {
    fn new(settings: &mut table::Settings) -> Self {
        let clock = ManualClock::new();
        let capacity = settings.number("window_capacity").unwrap_or(0);
        let mut breaker = Settings::standard();
        for (key, value) in settings.rest() {
            breaker = with(breaker, &key, &value);
        }
        let breaker = Breaker::builder("stock").settings(breaker).window_capacity(capacity);
        let breaker = breaker.clock(clock.clock()).build().unwrap();
        let begun = BTreeMap::new();
        Self { breaker, clock, begun, decision: "none", retry_after: None }
    }

    fn advance(&mut self, by: Duration) {
        self.clock.advance(by);
    }

    fn step(&mut self, event: &[&str]) {
        match *event {
            ["look"] => {}
            ["force_open"] => self.breaker.force_open(),
            ["disable"] => self.breaker.disable(),
            ["reset"] => self.breaker.reset(),
            ["metrics_only"] => self.breaker.metrics_only(),
            ["trip"] => {
                while self.breaker.state() == State::Closed {
                    self.breaker.acquire().unwrap().failure();
                }
            }
            ["set", ref pairs @ ..] => {
                let pairs = pairs.iter().map(|pair| pair.split_once('=').unwrap());
                let change = |settings: &mut Settings| {
                    pairs.for_each(|(key, value)| *settings = with(settings.clone(), key, value));
                };
                self.breaker.reconfigure(change).unwrap();
            }
            ["begin", ref names @ ..] => names.iter().for_each(|name| self.begin(name)),
            [how @ ("ok" | "err" | "ignored")] => self.call(how, None),
            [how, "took", time] => self.call(how, Some(duration(time))),
            [name, how] => self.end(name, how),
            _ => panic!("`{}` is no event", event.join(" ")),
        }
    }

    fn observe(&self, key: &str) -> Option<String> {
        let now = self.breaker.snapshot();
        let probes = |read: fn(Probes) -> u32| or_none(now.probes.map(read));
        Some(match key {
            "decision" => self.decision.to_owned(),
            "told" => or_none(self.retry_after),
            "state" => now.state.to_string(),
            "retry_after" => or_none(now.retry_after),
            "metrics_only" => now.metrics_only.to_string(),
            "calls" => now.window.calls.to_string(),
            "failures" => now.window.failures.to_string(),
            "slow" => now.window.slow.to_string(),
            "rejected" => now.rejected.to_string(),
            "stale" => now.stale.to_string(),
            "suppressed" => now.suppressed.to_string(),
            "trips" => now.trips.to_string(),
            "probes_admitted" => probes(|probes| probes.admitted),
            "probes_completed" => probes(|probes| probes.completed),
            "probes_failed" => probes(|probes| probes.failed),
            "probes_slow" => probes(|probes| probes.slow),
            "transitions" => {
                let others = |from| State::ALL.into_iter().filter(move |&to| to != from);
                let from = State::ALL.into_iter();
                let counts = from.flat_map(|from| others(from).map(move |to| (from, to)));
                counts.map(|(from, to)| now.transitions(from, to)).sum::<u64>().to_string()
            }
            _ => return None,
        })
    }

    fn key_of(word: &str) -> Option<&'static str> {
        match word {
            "admitted" | "refused" => Some("decision"),
            _ => State::ALL.iter().any(|state| state.as_str() == word).then_some("state"),
        }
    }
}

impl Calls {
    fn begin(&mut self, name: &str) {
        let asked = self.breaker.acquire_owned();
        self.decision = if asked.is_ok() { "admitted" } else { "refused" };
        self.retry_after = asked.as_ref().err().and_then(|refused| refused.retry_after());
        if let Ok(permit) = asked {
            self.begun.insert(name.to_owned(), permit);
        }
    }

    fn call(&mut self, how: &str, elapsed: Option<Duration>) {
        let name = "the call that ends at once";
        self.begin(name);
        if self.decision == "admitted" {
            let permit = self.begun.remove(name).unwrap();
            match elapsed {
                None => self.finish(permit, how),
                Some(elapsed) => permit.record(counted(how), Some(elapsed)),
            }
        }
    }

    fn end(&mut self, name: &str, how: &str) {
        let permit = self.begun.remove(name).unwrap_or_else(|| panic!("`{name}` has not begun"));
        self.finish(permit, how);
    }

    fn finish(&self, permit: OwnedPermit, how: &str) {
        match how {
            "ok" => permit.success(),
            "err" => permit.failure(),
            "drop" => drop(permit),
            "panic" => {
                let body = AssertUnwindSafe(move || {
                    let _permit = permit;
                    resume_unwind(Box::new("the body gave up"));
                });
                assert!(catch_unwind(body).is_err(), "a body that panics");
            }
            how => permit.record(counted(how), None),
        }
    }
}

fn counted(how: &str) -> Counted {
    match how {
        "ok" => Counted::Success,
        "err" => Counted::Failure,
        "ignored" => Counted::Nothing,
        _ => panic!("no call ends `{how}`"),
    }
}

/// Changes one setting.
pub(super) fn with(settings: Settings, key: &str, value: &str) -> Settings {
    let pair = || value.split_once('/').unwrap_or_else(|| panic!("`{value}` is no pair"));
    match key {
        "window" => {
            let (kind, size) = value.trim_end_matches(')').split_once('(').unwrap();
            settings.window(match kind {
                "count" => Window::count(number(size)),
                "time" => Window::time(duration(size)),
                "consecutive" => Window::consecutive(number(size)),
                _ => panic!("no window is called `{kind}`"),
            })
        }
        "failure_rate" => settings.failure_rate(number(value)),
        "slow_calls" => settings.slow_calls(duration(pair().0), number(pair().1)),
        "min_calls" => settings.min_calls(number(value)),
        "open_for" => settings.open_for(duration(value)),
        "open_growth" => settings.open_growth(number(pair().0), duration(pair().1)),
        "open_jitter" => settings.open_jitter(number(value)),
        "probes" => settings.probes(number(value)),
        "half_open_for" => settings.half_open_for(duration(value)),
        _ => panic!("a breaker has no setting `{key}`"),
    }
}

#[test]
fn as_the_state_machine_of_resilience4j() {
    replay::<Calls>(&tables::RESILIENCE4J_BREAKER);
}

#[test]
fn as_the_windows_of_resilience4j() {
    replay::<Calls>(&tables::RESILIENCE4J_WINDOW_COUNT);
    replay::<Calls>(&tables::RESILIENCE4J_WINDOW_TIME);
}

#[test]
fn as_the_breaker_of_polly() {
    replay::<Calls>(&tables::POLLY_BREAKER);
    replay::<Calls>(&tables::POLLY_CONTROLLER);
    replay::<Calls>(&tables::POLLY_HEALTH);
}

#[test]
fn as_the_states_of_failsafe_go() {
    replay::<Calls>(&tables::FAILSAFE_GO_BREAKER);
}

#[test]
fn as_the_engine_of_seatbelt() {
    replay::<Calls>(&tables::SEATBELT_ENGINE);
}
