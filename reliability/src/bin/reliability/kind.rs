//! The kinds of transactions, and what can be done about each.

use reliability::distributed::transaction::{tcc, two_phase};
use reliability::journal::{Heads, Journal, JournalError, Sequence, StreamId};

/// What a transaction is. The kind of its stream says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Saga,
    Tcc,
    TwoPhase,
}

impl Kind {
    /// That of the streams of that name.
    pub(crate) async fn of(journal: &Journal, name: &str) -> Result<Self, JournalError> {
        match name {
            tcc::Operator::KIND => return Ok(Self::Tcc),
            two_phase::Operator::KIND => return Ok(Self::TwoPhase),
            _ => {}
        }
        // Coordinators may call theirs as they like: what such a stream begins with is a decision.
        let any = journal.heads(Heads::of(name).most(1)).await?;
        let Some(any) = any.first() else { return Ok(Self::Saga) };
        let first = journal.read(&any.stream, Sequence::START, 1).await?;
        let first = first.first().map(|record| record.event.name());
        Ok(match first {
            Some("Committed" | "Aborted") => Self::TwoPhase,
            _ => Self::Saga,
        })
    }

    /// For programs.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Saga => "saga",
            Self::Tcc => "tcc",
            Self::TwoPhase => "two_phase",
        }
    }

    /// What an operator can do about one.
    const fn verbs(self) -> &'static [&'static str] {
        match self {
            Self::Saga => &["retry", "skip", "finish", "edit", "abandon", "cancel"],
            Self::Tcc => &["retry", "abandon"],
            Self::TwoPhase => &["retry", "abandon", "cancel"],
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
        let table = [(Kind::Tcc, "retry, abandon"), (Kind::TwoPhase, "retry, abandon, cancel")];
        for (kind, verbs) in table {
            assert_eq!(kind.check(&order, "retry"), Ok(()));
            let said = kind.check(&order, "skip").err().unwrap_or_default();
            assert!(said.ends_with(&format!("no `skip` for it, but {verbs}")), "{said}");
        }
        assert_eq!(Kind::Saga.check(&order, "skip"), Ok(()));
        Ok(())
    }
}
