use alloc::string::String;
use core::time::Duration;

use super::Signal;
use super::health::{Health, SignalHealth};
use crate::time::Instant;

/// How long it says nothing new of a signal that has trouble.
const EVERY: Duration = Duration::from_secs(60);

/// Says it where exports fail, since an exporter that fails in silence is the usual one: at once,
/// then once a minute as long as it lasts, and when it is over.
#[derive(Debug)]
pub(super) struct Voice {
    stderr: bool,
    signals: [Said; 3],
}

/// What was said last of one signal.
#[derive(Debug, Clone, Copy, Default)]
struct Said {
    at: Option<Instant>,
    lost: u64,
    failing: bool,
}

/// What is to be said.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Words {
    Trouble { signal: Signal, endpoint: String, text: String },
    Restored { signal: Signal, endpoint: String, text: String },
}

impl Voice {
    pub(super) fn new(stderr: bool) -> Self {
        Self { stderr, signals: [Said::default(); 3] }
    }

    /// Says what there is to say.
    pub(super) fn tell(&mut self, health: &Health, now: Instant) {
        for words in self.words(health, now, false) {
            self.say(&words);
        }
    }

    /// Says also what was lost at the end.
    pub(super) fn tell_last(&mut self, health: &Health, now: Instant) {
        for words in self.words(health, now, true) {
            self.say(&words);
        }
    }

    fn words(&mut self, health: &Health, now: Instant, last: bool) -> Vec<Words> {
        let mut words = Vec::new();
        for signal in &health.signals {
            let said = &mut self.signals[signal.signal.index()];
            let failing = signal.failing_since.is_some();
            let lost = lost(signal);
            let (id, endpoint) = (signal.signal, signal.endpoint.clone());
            let silent =
                last || said.at.is_none_or(|at| now.saturating_duration_since(at) >= EVERY);
            // At the end only what is new.
            if (lost > said.lost || failing && !last) && silent {
                words.push(Words::Trouble {
                    signal: id,
                    endpoint,
                    text: trouble(signal, lost - said.lost),
                });
                *said = Said { at: Some(now), lost, failing };
            } else if said.failing && !failing {
                let text = alloc::format!("{lost} {} were lost so far", id.unit());
                words.push(Words::Restored { signal: id, endpoint, text });
                said.failing = false;
            }
        }
        words
    }

    fn say(&self, words: &Words) {
        match words {
            Words::Trouble { signal, endpoint, text } => {
                tracing::event!(
                    name: "reliability.otlp.failed",
                    target: "reliability",
                    tracing::Level::WARN,
                    reliability.otlp.signal = signal.as_str(),
                    reliability.otlp.endpoint = %endpoint,
                    reliability.error = %text,
                    "telemetry is not exported",
                );
                if self.stderr {
                    eprintln!("reliability: {signal} are not exported to {endpoint}: {text}");
                }
            }
            Words::Restored { signal, endpoint, text } => {
                tracing::event!(
                    name: "reliability.otlp.restored",
                    target: "reliability",
                    tracing::Level::INFO,
                    reliability.otlp.signal = signal.as_str(),
                    reliability.otlp.endpoint = %endpoint,
                    "telemetry is exported again",
                );
                if self.stderr {
                    eprintln!("reliability: {signal} are exported to {endpoint} again; {text}");
                }
            }
        }
    }
}

/// Numbers that newer ones replaced are no loss.
fn lost(signal: &SignalHealth) -> u64 {
    signal.dropped.total() - signal.dropped.superseded
}

fn trouble(health: &SignalHealth, lost_now: u64) -> String {
    let SignalHealth { signal, queued, in_flight, dropped, last_error, .. } = health;
    let why = match last_error {
        Some(error) if health.failing_since.is_some() || dropped.refused > 0 => error.why.as_str(),
        _ => "they come quicker than they are taken",
    };
    let waiting = queued + in_flight;
    let unit = signal.unit();
    alloc::format!("{why}; {waiting} {unit} wait, {lost_now} were lost since last told, {dropped}")
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::telemetry::otlp::health::Failure;
    use crate::telemetry::otlp::watch::{Loss, SignalWatch, Watch};

    fn watch() -> Watch {
        let logs = SignalWatch::new("http://c/v1/logs".into(), None);
        Watch::new([None, None, Some(logs)])
    }

    fn at(seconds: u64) -> Instant {
        Instant::ZERO.saturating_add(Duration::from_secs(seconds))
    }

    fn texts(words: Vec<Words>) -> Vec<String> {
        let text = |words| match words {
            Words::Trouble { text, .. } => alloc::format!("trouble: {text}"),
            Words::Restored { text, .. } => alloc::format!("restored: {text}"),
        };
        words.into_iter().map(text).collect()
    }

    #[test]
    fn trouble_is_told_at_once_then_once_a_minute_and_its_end_at_once() -> Result<(), &'static str>
    {
        let (watch, mut voice) = (watch(), Voice::new(false));
        let logs = watch.signal(Signal::Logs).ok_or("logs")?;
        let mut told = |seconds| texts(voice.words(&watch.health(), at(seconds), false));
        assert!(told(0).is_empty());
        logs.failed("connection refused".into());
        assert_eq!(
            told(1),
            ["trouble: connection refused; 0 records wait, 0 were lost since last told, 0 dropped"]
        );
        logs.lost(3, Loss::GaveUp);
        assert!(told(30).is_empty());
        logs.lost(2, Loss::QueueFull);
        assert_eq!(
            told(61),
            [
                "trouble: connection refused; 0 records wait, 5 were lost since last told, 5 dropped (queue_full 2, gave_up 3)"
            ]
        );
        logs.succeeded(7);
        assert_eq!(told(62), ["restored: 5 records were lost so far"]);
        assert!(told(1_000).is_empty());
        Ok(())
    }

    #[test]
    fn what_is_lost_without_a_failure_is_told() -> Result<(), &'static str> {
        let (watch, mut voice) = (watch(), Voice::new(false));
        let logs = watch.signal(Signal::Logs).ok_or("logs")?;
        logs.lost(1, Loss::QueueFull);
        let told = texts(voice.words(&watch.health(), at(0), false));
        assert!(told[0].contains("they come quicker than they are taken"), "{told:?}");
        logs.noted(UNIX_EPOCH, "too old".into());
        logs.lost(1, Loss::Refused);
        let told = texts(voice.words(&watch.health(), at(60), false));
        assert!(told[0].contains("too old; 0 records wait, 1 were lost"), "{told:?}");
        let failure = Failure { at: UNIX_EPOCH, why: "too old".into() };
        let health = watch.health();
        assert_eq!(health.signals[0].last_error, Some(failure));
        logs.lost(4, Loss::Superseded);
        assert!(voice.words(&watch.health(), at(120), false).is_empty());
        logs.lost(2, Loss::ShutDown);
        let told = texts(voice.words(&watch.health(), at(121), true));
        assert!(told[0].contains("2 were lost since last told"), "{told:?}");
        Ok(())
    }
}
