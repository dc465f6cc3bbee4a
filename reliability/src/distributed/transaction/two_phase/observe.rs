//! What coordinators do, in numbers and events.

use ::core::time::Duration;

use super::{Outcome, TransactionId};
use crate::distributed::transaction::Decision;

#[cfg(feature = "telemetry")]
crate::metrics! {
    /// Transactions by how they ended.
    static TRANSACTIONS: crate::telemetry::metrics::Family<crate::telemetry::metrics::Counter, 1> =
        crate::telemetry::metrics::Counter::builder("reliability.two_phase.transactions")
            .unit("{transaction}")
            .by(["reliability.two_phase.outcome"])
            .series(8);
    /// How long transactions took, from the first question to the last answer.
    static DURATION: crate::telemetry::metrics::Histogram =
        crate::telemetry::metrics::Histogram::builder("reliability.two_phase.duration").unit("s");
    /// What recovery did: decisions that it delivered, and promises that it ended.
    static RECOVERED: crate::telemetry::metrics::Family<crate::telemetry::metrics::Counter, 1> =
        crate::telemetry::metrics::Counter::builder("reliability.two_phase.recovered")
            .unit("{transaction}")
            .by(["reliability.two_phase.decision"])
            .series(4);
    /// How sites have ended what they were asked for: told, by their own refusal, or forced.
    static FOLLOWED: crate::telemetry::metrics::Family<crate::telemetry::metrics::Counter, 2> =
        crate::telemetry::metrics::Counter::builder("reliability.two_phase.followed")
            .unit("{transaction}")
            .by(["reliability.two_phase.decision", "reliability.two_phase.way"])
            .series(8);
}

/// A transaction has come to its end; `None` if nobody knows which.
pub(super) fn ended(outcome: Option<&Outcome>, took: Duration) {
    #[cfg(feature = "telemetry")]
    {
        let word = match outcome {
            None => "undecided",
            Some(outcome) if !outcome.against.is_empty() => "heuristic",
            Some(outcome) => match outcome.decision {
                Decision::Commit => "committed",
                Decision::Abort => "aborted",
            },
        };
        TRANSACTIONS.with([word]).add(1);
        DURATION.record_duration(took);
    }
    #[cfg(not(feature = "telemetry"))]
    let _ = (outcome, took);
}

/// Somebody has done the opposite, or was not heard of.
pub(super) fn told(transaction: &TransactionId, outcome: &Outcome) {
    #[cfg(feature = "telemetry")]
    {
        if !outcome.against.is_empty() {
            tracing::event!(
                name: "reliability.two_phase.heuristic",
                target: "reliability",
                tracing::Level::ERROR,
                reliability.two_phase.transaction = transaction.as_str(),
                reliability.two_phase.decision = outcome.decision.as_str(),
                reliability.two_phase.participants = outcome.against.join(","),
                "participants have done the opposite on their own: mend their data by hand",
            );
        }
        if !outcome.unheard.is_empty() {
            tracing::event!(
                name: "reliability.two_phase.undelivered",
                target: "reliability",
                tracing::Level::WARN,
                reliability.two_phase.transaction = transaction.as_str(),
                reliability.two_phase.decision = outcome.decision.as_str(),
                reliability.two_phase.participants = outcome.unheard.join(","),
                "participants have not heard the decision: recovery goes on",
            );
        }
    }
    #[cfg(not(feature = "telemetry"))]
    let _ = (transaction, outcome);
}

/// Recovery has brought a transaction to its end at somebody.
pub(super) fn recovered(transaction: &TransactionId, decision: Decision) {
    #[cfg(feature = "telemetry")]
    {
        RECOVERED.with([decision.as_str()]).add(1);
        tracing::event!(
            name: "reliability.two_phase.recovered",
            target: "reliability",
            tracing::Level::INFO,
            reliability.two_phase.transaction = transaction.as_str(),
            reliability.two_phase.decision = decision.as_str(),
            "a transaction whose coordinator is gone has been brought to its end",
        );
    }
    #[cfg(not(feature = "telemetry"))]
    let _ = (transaction, decision);
}

/// A site has let its part happen, or undone it: `told`, `refused` or `forced`.
pub(super) fn followed(decision: Decision, way: &'static str) {
    #[cfg(feature = "telemetry")]
    FOLLOWED.with([decision.as_str(), way]).add(1);
    #[cfg(not(feature = "telemetry"))]
    let _ = (decision, way);
}

/// An operator has done something about a transaction.
pub(super) fn mended(transaction: &TransactionId, verb: &str, by: &str) {
    #[cfg(feature = "telemetry")]
    tracing::event!(
        name: "reliability.two_phase.mended",
        target: "reliability",
        tracing::Level::WARN,
        reliability.two_phase.transaction = transaction.as_str(),
        reliability.two_phase.verb = verb,
        reliability.two_phase.by = by,
        "an operator has done something about a transaction",
    );
    #[cfg(not(feature = "telemetry"))]
    let _ = (transaction, verb, by);
}
