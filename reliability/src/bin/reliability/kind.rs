//! The kinds of transactions, and what can be done about each.

use std::time::{Duration, SystemTime};

use reliability::distributed::transaction::choreography::bus::Envelope;
use reliability::distributed::transaction::{operator, tcc, three_phase, two_phase};
use reliability::journal::{Head, Heads, Journal, JournalError, Sequence, StreamId};

/// What the kinds of the streams of sites begin with; behind it is their name.
pub(crate) const SITE: &str = "two_phase.";

/// What a transaction is. The kind of its stream says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Saga,
    Tcc,
    TwoPhase,
    ThreePhase,
    Choreography,
    /// What a site of two-phase commits has promised.
    Site,
}

impl Kind {
    /// That of the streams of that name, or of those who take part in transactions of that name and
    /// have a kind each, `place_order.card`.
    pub(crate) async fn of(journal: &Journal, name: &str) -> Result<Self, JournalError> {
        if let Some(kind) = Self::found(journal, name).await? {
            return Ok(kind);
        }
        let prefix = format!("{name}.");
        for kind in operator::kinds(journal).await?.iter().filter(|it| it.starts_with(&prefix)) {
            if let Some(kind @ (Self::Choreography | Self::ThreePhase)) =
                Self::found(journal, kind).await?
            {
                return Ok(kind);
            }
        }
        Ok(Self::Saga)
    }

    /// That of the streams of exactly that kind, if they are those of transactions.
    pub(crate) async fn found(journal: &Journal, name: &str) -> Result<Option<Self>, JournalError> {
        match name {
            tcc::Operator::KIND => return Ok(Some(Self::Tcc)),
            two_phase::Operator::KIND => return Ok(Some(Self::TwoPhase)),
            three_phase::Operator::KIND => return Ok(Some(Self::ThreePhase)),
            _ => {}
        }
        // Those who coordinate may call theirs as they like: what such a stream begins with says what
        // it is.
        let any = journal.heads(Heads::of(name).most(1)).await?;
        let Some(any) = any.first() else { return Ok(None) };
        let first = journal.read(&any.stream, Sequence::START, 1).await?;
        let Some(event) = first.first().map(|record| &record.event) else { return Ok(None) };
        Ok(match event.name() {
            "saga.started" => Some(Self::Saga),
            "Committed" | "Aborted" => {
                event.read_json::<(u64, Vec<String>)>().ok().map(|_| Self::TwoPhase)
            }
            "Prepares" => Some(Self::Site),
            "Stands" | "Forced" => Some(Self::ThreePhase),
            "started" | "heard" => Envelope::read(event.payload()).ok().map(|_| Self::Choreography),
            _ => None,
        })
    }

    /// For programs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Saga => "saga",
            Self::Tcc => "tcc",
            Self::TwoPhase => "two_phase",
            Self::ThreePhase => "three_phase",
            Self::Choreography => "choreography",
            Self::Site => "two_phase_site",
        }
    }

    /// Whether somebody has to look at one of which its last writer said that: it waits for nothing
    /// else, or has been decided but not heard, or promised but not told, for [longer](Self::OVERDUE)
    /// than that takes.
    pub(crate) fn needs_somebody(self, head: &Head, now: SystemTime) -> bool {
        match (self, head.status.as_str()) {
            (_, "stuck" | "parked" | "broken" | "heuristic") => true,
            (Self::TwoPhase, "committed")
            | (Self::ThreePhase, "waiting" | "pre-committed")
            | (Self::Site, "working" | "promised" | "forced") => {
                let since = now.duration_since(head.changed_at);
                since.is_ok_and(|since| since >= Self::OVERDUE)
            }
            _ => false,
        }
    }

    /// What takes longer does not end by itself.
    const OVERDUE: Duration = Duration::from_secs(60);

    /// What an operator can do about one.
    const fn verbs(self) -> &'static [&'static str] {
        match self {
            Self::Saga => &["retry", "skip", "finish", "edit", "abandon", "cancel"],
            Self::Tcc => &["retry", "abandon"],
            Self::Choreography => &["retry", "skip", "abandon"],
            Self::TwoPhase => &["retry", "abandon", "cancel"],
            Self::ThreePhase | Self::Site => &[],
        }
    }

    /// Whether there is that verb for it; or else, which there are.
    pub(crate) fn check(self, stream: &StreamId, verb: &str) -> Result<(), String> {
        if self.verbs().contains(&verb) {
            return Ok(());
        }
        let what = match self {
            Self::Saga => "is a saga",
            Self::Tcc => "is a transaction by TCC",
            Self::TwoPhase => "is a two-phase commit",
            Self::Choreography => "is a choreography",
            Self::Site => {
                return Err(format!(
                    "`{stream}` is what a site has promised: it is only shown here, and ends as the log \
                     says. Mend the transaction itself; a promise that nobody can wait for is ended in \
                     the site's own process, by `Site::force`"
                ));
            }
            Self::ThreePhase => {
                return Err(format!(
                    "`{stream}` is a three-phase commit: it is only shown here. A site that waits for \
                     somebody who never comes back is ended in its own process, by `Site::force`"
                ));
            }
        };
        let verbs = self.verbs().join(", ");
        Err(format!("`{stream}` {what}: there is no `{verb}` for it, but {verbs}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verb_of_another_kind_is_refused_with_those_that_there_are() -> Result<(), String> {
        let order = StreamId::new("tcc", "order-17").map_err(|wrong| wrong.to_string())?;
        let table = [
            (Kind::Tcc, "retry, abandon"),
            (Kind::Choreography, "retry, skip, abandon"),
            (Kind::TwoPhase, "retry, abandon, cancel"),
        ];
        for (kind, verbs) in table {
            assert_eq!(kind.check(&order, "retry"), Ok(()));
            let said = kind.check(&order, "edit").err().unwrap_or_default();
            assert!(said.ends_with(&format!("no `edit` for it, but {verbs}")), "{said}");
        }
        assert_eq!(Kind::Saga.check(&order, "skip"), Ok(()));
        let said = Kind::ThreePhase.check(&order, "retry").err().unwrap_or_default();
        assert!(said.contains("`Site::force`"), "{said}");
        Ok(())
    }
}
