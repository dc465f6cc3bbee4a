//! Recordings as text: a line for each event, words and `name=value` with spaces between.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;
use core::str::FromStr;
use core::time::Duration;

use super::event::{ErrorFacts, Event, Outcome, What};
use super::recording::Recording;
use crate::error::{Class, Counted, Reason};
use crate::time::Instant;

const HEAD: &str = "recording 1 left_out=";

impl fmt::Display for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEAD}{}", self.left_out())?;
        self.events().iter().try_for_each(|event| writeln!(f, "{event}"))
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at={} call={} ", self.at.as_nanos(), self.call)?;
        let instant =
            |at: &Option<Instant>| at.map_or("-".to_string(), |at| at.as_nanos().to_string());
        let nanos = |period: &Option<Duration>| {
            period.map_or("-".to_string(), |period| period.as_nanos().to_string())
        };
        match &self.what {
            What::Began { repeatable, inherited } => {
                write!(f, "began repeatable={repeatable} inherited={}", instant(inherited))
            }
            What::Admitted => f.write_str("admitted"),
            What::Refused { reason, retry_after } => {
                write!(f, "refused reason={} retry_after={}", reason.as_str(), nanos(retry_after))
            }
            What::Waits { until, inherited } => {
                write!(f, "waits until={} inherited={inherited}", instant(until))
            }
            What::Ended(Outcome::Ok) => f.write_str("ended outcome=ok"),
            What::Ended(Outcome::Rejected(reason)) => {
                write!(f, "ended outcome=rejected reason={}", reason.as_str())
            }
            What::Ended(Outcome::Error(facts)) => write!(
                f,
                "ended outcome=error class={} retried={} breaker={} fallback={} reason={} \
                 retry_after={}",
                facts.class.as_str(),
                facts.disposition.retried,
                counted(facts.disposition.breaker),
                facts.disposition.fallback,
                facts.reason.map_or("-", Reason::as_str),
                nanos(&facts.retry_after),
            ),
            What::Retries { pause, draw } => {
                write!(f, "retries pause={} draw={draw}", pause.as_nanos())
            }
            What::Denied { draw } => write!(f, "denied draw={draw}"),
            What::NoTime { draw } => write!(f, "no_time draw={draw}"),
            What::FellBack => f.write_str("fell_back"),
            What::Cancelled => f.write_str("cancelled"),
            What::Panicked => f.write_str("panicked"),
        }
    }
}

const COUNTED: [(Counted, &str); 3] =
    [(Counted::Failure, "failure"), (Counted::Success, "success"), (Counted::Nothing, "nothing")];

fn counted(counted: Counted) -> &'static str {
    COUNTED.iter().find(|(known, _)| *known == counted).map_or("nothing", |(_, word)| word)
}

/// A line that is no event of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoRecording {
    line: usize,
    message: String,
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
        let mut lines = text.lines().enumerate();
        let wrong = |line: usize, message: String| NoRecording { line: line + 1, message };
        let head = lines.next().and_then(|(_, line)| line.strip_prefix(HEAD)?.parse().ok());
        let left_out = head.ok_or_else(|| wrong(0, format!("expected `{HEAD}` and a number")))?;
        let events = lines.filter(|(_, line)| !line.trim().is_empty()).map(|(number, line)| {
            Fields(line).event().ok_or_else(|| wrong(number, format!("`{line}` is no event")))
        });
        Ok(Recording::new(events.collect::<Result<Vec<_>, _>>()?, left_out))
    }
}

/// One line.
struct Fields<'l>(&'l str);

impl<'l> Fields<'l> {
    fn text(&self, name: &str) -> Option<&'l str> {
        let value = |word: &'l str| word.strip_prefix(name)?.strip_prefix('=');
        self.0.split_whitespace().find_map(value)
    }

    fn number<T: FromStr>(&self, name: &str) -> Option<T> {
        self.text(name)?.parse().ok()
    }

    fn optional(&self, name: &str) -> Option<Option<u64>> {
        match self.text(name)? {
            "-" => Some(None),
            number => number.parse().ok().map(Some),
        }
    }

    fn reason(&self) -> Option<Reason> {
        let word = self.text("reason")?;
        Reason::ALL.into_iter().find(|reason| reason.as_str() == word)
    }

    fn counted(&self, name: &str) -> Option<Counted> {
        let word = self.text(name)?;
        COUNTED.iter().find(|(_, known)| *known == word).map(|(counted, _)| *counted)
    }

    fn event(&self) -> Option<Event> {
        let at = Instant::from_nanos(self.number("at")?);
        let what = self.0.split_whitespace().find(|word| !word.contains('='))?;
        Some(Event { call: self.number("call")?, at, what: self.what(what)? })
    }

    fn what(&self, word: &str) -> Option<What> {
        let instant = |name| Some(self.optional(name)?.map(Instant::from_nanos));
        let draw = || self.number("draw");
        Some(match word {
            "began" => What::Began {
                repeatable: self.number("repeatable")?,
                inherited: instant("inherited")?,
            },
            "admitted" => What::Admitted,
            "refused" => What::Refused {
                reason: self.reason()?,
                retry_after: self.optional("retry_after")?.map(Duration::from_nanos),
            },
            "waits" => {
                What::Waits { until: instant("until")?, inherited: self.number("inherited")? }
            }
            "ended" => What::Ended(self.outcome()?),
            "retries" => {
                What::Retries { pause: Duration::from_nanos(self.number("pause")?), draw: draw()? }
            }
            "denied" => What::Denied { draw: draw()? },
            "no_time" => What::NoTime { draw: draw()? },
            "fell_back" => What::FellBack,
            "cancelled" => What::Cancelled,
            "panicked" => What::Panicked,
            _ => return None,
        })
    }

    fn outcome(&self) -> Option<Outcome> {
        Some(match self.text("outcome")? {
            "ok" => Outcome::Ok,
            "rejected" => Outcome::Rejected(self.reason()?),
            "error" => {
                let word = self.text("class")?;
                let class = Class::ALL.into_iter().find(|class| class.as_str() == word)?;
                let mut disposition = class.disposition();
                disposition.retried = self.number("retried")?;
                disposition.breaker = self.counted("breaker")?;
                disposition.fallback = self.number("fallback")?;
                let retry_after = self.optional("retry_after")?.map(Duration::from_nanos);
                let reason = if self.text("reason")? == "-" { None } else { Some(self.reason()?) };
                Outcome::Error(ErrorFacts { class, disposition, retry_after, reason })
            }
            _ => return None,
        })
    }
}
