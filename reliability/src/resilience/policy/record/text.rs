//! Recordings as text: a line for each event, words and `name=value` with spaces between.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;
use core::str::FromStr;
use core::time::Duration;

use super::event::{ErrorFacts, Event, EventKind, Looked, Outcome};
use super::recording::Recording;
use super::structure::Structure;
use crate::error::{Class, Counted, Reason, plural};
use crate::resilience::concurrency_limit::Priority;
use crate::time::Instant;

impl fmt::Display for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (events, left_out) = (self.events().len(), self.left_out());
        writeln!(f, "recording 2 events={events} left_out={left_out}")?;
        self.events().iter().try_for_each(|event| writeln!(f, "{event}"))
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Shown { event: self, since: None }.fmt(f)
    }
}

/// An event as text: to be read again, or by people, whom the readings of a clock say nothing.
pub(super) struct Shown<'e> {
    pub(super) event: &'e Event,
    /// What instants are told from, if not as the clock reads.
    pub(super) since: Option<Instant>,
}

impl Shown<'_> {
    fn instant(&self, at: Instant) -> String {
        let Some(since) = self.since else { return at.as_nanos().to_string() };
        match at < since {
            true => format!("-{:?}", since.saturating_duration_since(at)),
            false => format!("{:?}", at.saturating_duration_since(since)),
        }
    }

    fn period(&self, period: Duration) -> String {
        match self.since {
            None => period.as_nanos().to_string(),
            Some(_) => format!("{period:?}"),
        }
    }

    fn maybe_instant(&self, at: Option<Instant>) -> String {
        at.map_or("-".to_string(), |at| self.instant(at))
    }

    fn maybe_period(&self, period: Option<Duration>) -> String {
        period.map_or("-".to_string(), |period| self.period(period))
    }

    fn outcome(&self, outcome: &Outcome, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match outcome {
            Outcome::Ok => f.write_str("outcome=ok"),
            Outcome::Rejected(reason) => {
                write!(f, "outcome=rejected reason={}", reason.as_str())
            }
            Outcome::Error(facts) => write!(
                f,
                "outcome=error class={} retried={} breaker={} fallback={} reason={} retry_after={}",
                facts.class.as_str(),
                facts.disposition.retried,
                word_of(&COUNTED, facts.disposition.breaker),
                facts.disposition.fallback,
                facts.reason.map_or("-", Reason::as_str),
                self.maybe_period(facts.retry_after),
            ),
        }
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at={} call={} ", self.instant(self.event.at), self.event.call)?;
        let (instant, period) = (|at| self.maybe_instant(at), |period| self.maybe_period(period));
        match &self.event.kind {
            EventKind::Began { repeatable, inherited } => {
                write!(f, "began repeatable={repeatable} inherited={}", instant(*inherited))
            }
            EventKind::Degraded { level, remaining, priority, draw } => {
                let (remaining, priority) = (period(*remaining), priority.as_str());
                write!(f, "degraded level={level} remaining={remaining} ")?;
                write!(f, "priority={priority} draw={draw}")
            }
            EventKind::Admitted => f.write_str("admitted"),
            EventKind::Refused { reason, retry_after } => {
                write!(f, "refused reason={} retry_after={}", reason.as_str(), period(*retry_after))
            }
            EventKind::Waits { until, inherited } => {
                write!(f, "waits until={} inherited={inherited}", instant(*until))
            }
            EventKind::Answered { limited, retry_after } => {
                write!(f, "answered limited={limited} retry_after={}", period(*retry_after))
            }
            EventKind::HedgesAfter { delay } => write!(f, "hedges_after delay={}", period(*delay)),
            EventKind::Delayed { request, until } => {
                write!(f, "delayed request={request} until={}", instant(*until))
            }
            EventKind::Begins { request } => write!(f, "begins request={request}"),
            EventKind::Hedged { hedge, delay } => {
                write!(f, "hedged hedge={hedge} delay={}", period(*delay))
            }
            EventKind::HedgeDenied => f.write_str("hedge_denied"),
            EventKind::RequestEnded { request, outcome } => {
                write!(f, "request_ended request={request} ")?;
                self.outcome(outcome, f)
            }
            EventKind::HedgeWon { hedge } => write!(f, "hedge_won hedge={hedge}"),
            EventKind::LookedUp { key, shares_errors, found } => {
                let found = word_of(&Looked::ALL, *found);
                write!(f, "looked_up key={key} shares_errors={shares_errors} found={found}")
            }
            EventKind::Settled { key, stale } => write!(f, "settled key={key} stale={stale}"),
            EventKind::Ended(outcome) => {
                f.write_str("ended ")?;
                self.outcome(outcome, f)
            }
            EventKind::Retries { pause, draw } => {
                write!(f, "retries pause={} draw={draw}", self.period(*pause))
            }
            EventKind::Denied { draw } => write!(f, "denied draw={draw}"),
            EventKind::NoTime { draw } => write!(f, "no_time draw={draw}"),
            EventKind::FellBack => f.write_str("fell_back"),
            EventKind::Cancelled => f.write_str("cancelled"),
            EventKind::Panicked => f.write_str("panicked"),
        }
    }
}

const PRIORITIES: [(Priority, &str); 4] = {
    let [critical, high, normal, low] = Priority::ALL;
    [
        (critical, critical.as_str()),
        (high, high.as_str()),
        (normal, normal.as_str()),
        (low, low.as_str()),
    ]
};

const COUNTED: [(Counted, &str); 3] =
    [(Counted::Failure, "failure"), (Counted::Success, "success"), (Counted::Nothing, "nothing")];

fn word_of<T: PartialEq>(words: &[(T, &'static str)], wanted: T) -> &'static str {
    words.iter().find(|(known, _)| *known == wanted).map_or("-", |(_, word)| word)
}

/// A line that does not belong into a recording.
///
/// # Examples
///
/// ```
/// use reliability::resilience::policy::record::Recording;
///
/// let error = "a letter to the editor".parse::<Recording>().unwrap_err();
/// assert_eq!(error.line(), 1);
/// println!("{error}");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoRecording {
    line: usize,
    message: String,
}

impl NoRecording {
    /// Which line, counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }
}

impl fmt::Display for NoRecording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of the recording: {}", self.line, self.message)
    }
}

impl Error for NoRecording {}

impl FromStr for Recording {
    type Err = NoRecording;

    fn from_str(text: &str) -> Result<Self, NoRecording> {
        let wrong = |line: usize, message: String| NoRecording { line, message };
        let mut lines = (1..).zip(text.lines());
        let head = lines.next().map_or("", |(_, line)| line);
        let (announced, left_out) = Fields(head).head().map_err(|message| wrong(1, message))?;
        let (mut events, mut structure) = (Vec::new(), Structure::new(left_out > 0));
        let mut last = 1;
        for (number, line) in lines {
            last = number;
            if events.len() as u64 == announced {
                let events = plural(announced, "event", "events");
                let message = format!("it is one too many: there should be {events}");
                return Err(wrong(number, message));
            }
            let event = Fields(line).event().map_err(|message| wrong(number, message))?;
            structure.check(number, &event).map_err(|message| wrong(number, message))?;
            events.push(event);
        }
        if !text.ends_with('\n') {
            return Err(wrong(last, "it is cut off: a line ends with a line break".to_string()));
        }
        if (events.len() as u64) < announced {
            let message = format!(
                "it is missing: there should be {}, of which {} came",
                plural(announced, "event", "events"),
                events.len(),
            );
            return Err(wrong(last + 1, message));
        }
        Ok(Recording::new(events, left_out))
    }
}

/// One line, or what is wrong with it.
struct Fields<'l>(&'l str);

impl<'l> Fields<'l> {
    fn text(&self, name: &str) -> Result<&'l str, String> {
        let value = |word: &'l str| word.strip_prefix(name)?.strip_prefix('=');
        let found = self.0.split(' ').find_map(value);
        found.ok_or_else(|| format!("`{name}=` is missing in `{}`", start(self.0)))
    }

    fn parsed<T: FromStr>(&self, name: &str, expected: &str) -> Result<T, String> {
        let text = self.text(name)?;
        text.parse().map_err(|_| format!("`{name}` must be {expected}, but is `{}`", start(text)))
    }

    fn number<T: FromStr>(&self, name: &str) -> Result<T, String> {
        self.parsed(name, "a number")
    }

    fn flag(&self, name: &str) -> Result<bool, String> {
        self.parsed(name, "`true` or `false`")
    }

    fn optional(&self, name: &str) -> Result<Option<u64>, String> {
        match self.text(name)? {
            "-" => Ok(None),
            _ => self.parsed(name, "a number or `-`").map(Some),
        }
    }

    fn instant(&self, name: &str) -> Result<Option<Instant>, String> {
        Ok(self.optional(name)?.map(Instant::from_nanos))
    }

    fn period(&self, name: &str) -> Result<Option<Duration>, String> {
        Ok(self.optional(name)?.map(Duration::from_nanos))
    }

    /// One of the words that are known for a field.
    fn known<T>(
        &self,
        name: &str,
        words: impl IntoIterator<Item = (T, &'static str)>,
    ) -> Result<T, String> {
        let text = self.text(name)?;
        let found = words.into_iter().find(|(_, word)| *word == text).map(|(known, _)| known);
        found.ok_or_else(|| format!("`{name}={}` is not known", start(text)))
    }

    fn reason(&self) -> Result<Reason, String> {
        self.known("reason", Reason::ALL.into_iter().map(|reason| (reason, reason.as_str())))
    }

    fn head(&self) -> Result<(u64, u64), String> {
        if !self.0.starts_with("recording 2 ") {
            let (expected, got) = ("recording 2 events=<number> left_out=<number>", start(self.0));
            return Err(format!("expected `{expected}`, but got `{got}`"));
        }
        Ok((self.number("events")?, self.number("left_out")?))
    }

    fn event(&self) -> Result<Event, String> {
        let word = self.0.split(' ').find(|word| !word.contains('=')).unwrap_or_default();
        let at = Instant::from_nanos(self.number("at")?);
        let event = Event { call: self.number("call")?, at, kind: self.kind(word)? };
        let expected = event.to_string();
        if expected != self.0 {
            return Err(format!("expected `{expected}`, but got `{}`", start(self.0)));
        }
        Ok(event)
    }

    fn kind(&self, word: &str) -> Result<EventKind, String> {
        Ok(match word {
            "began" => EventKind::Began {
                repeatable: self.flag("repeatable")?,
                inherited: self.instant("inherited")?,
            },
            "degraded" => EventKind::Degraded {
                level: self.number("level")?,
                remaining: self.period("remaining")?,
                priority: self.known("priority", PRIORITIES)?,
                draw: self.number("draw")?,
            },
            "admitted" => EventKind::Admitted,
            "refused" => EventKind::Refused {
                reason: self.reason()?,
                retry_after: self.period("retry_after")?,
            },
            "waits" => EventKind::Waits {
                until: self.instant("until")?,
                inherited: self.flag("inherited")?,
            },
            "answered" => EventKind::Answered {
                limited: self.flag("limited")?,
                retry_after: self.period("retry_after")?,
            },
            "hedges_after" => EventKind::HedgesAfter { delay: self.period("delay")? },
            "delayed" => EventKind::Delayed {
                request: self.number("request")?,
                until: self.instant("until")?,
            },
            "begins" => EventKind::Begins { request: self.number("request")? },
            "hedged" => {
                EventKind::Hedged { hedge: self.number("hedge")?, delay: self.period("delay")? }
            }
            "hedge_denied" => EventKind::HedgeDenied,
            "request_ended" => EventKind::RequestEnded {
                request: self.number("request")?,
                outcome: self.outcome()?,
            },
            "hedge_won" => EventKind::HedgeWon { hedge: self.number("hedge")? },
            "looked_up" => EventKind::LookedUp {
                key: self.number("key")?,
                shares_errors: self.flag("shares_errors")?,
                found: self.known("found", Looked::ALL)?,
            },
            "settled" => {
                EventKind::Settled { key: self.number("key")?, stale: self.flag("stale")? }
            }
            "ended" => EventKind::Ended(self.outcome()?),
            "retries" => EventKind::Retries {
                pause: Duration::from_nanos(self.number("pause")?),
                draw: self.number("draw")?,
            },
            "denied" => EventKind::Denied { draw: self.number("draw")? },
            "no_time" => EventKind::NoTime { draw: self.number("draw")? },
            "fell_back" => EventKind::FellBack,
            "cancelled" => EventKind::Cancelled,
            "panicked" => EventKind::Panicked,
            _ => return Err(format!("`{}` is no event", start(self.0))),
        })
    }

    fn outcome(&self) -> Result<Outcome, String> {
        let kind = self.known("outcome", [(0, "ok"), (1, "rejected"), (2, "error")])?;
        Ok(match kind {
            0 => Outcome::Ok,
            1 => Outcome::Rejected(self.reason()?),
            _ => {
                let classes = Class::ALL.into_iter().map(|class| (class, class.as_str()));
                let class = self.known("class", classes)?;
                let mut disposition = class.disposition();
                disposition.retried = self.flag("retried")?;
                disposition.breaker = self.known("breaker", COUNTED)?;
                disposition.fallback = self.flag("fallback")?;
                let retry_after = self.period("retry_after")?;
                let reason = match self.text("reason")? {
                    "-" => None,
                    _ => Some(self.reason()?),
                };
                Outcome::Error(ErrorFacts { class, disposition, retry_after, reason })
            }
        })
    }
}

/// As much of it as fits into a message.
fn start(text: &str) -> &str {
    const MOST: usize = 80;
    text.char_indices().nth(MOST).map_or(text, |(end, _)| text.split_at(end).0)
}
