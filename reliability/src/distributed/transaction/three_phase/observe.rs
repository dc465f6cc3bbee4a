//! What coordinators and sites do, in numbers and events.

use core::time::Duration;

use super::Standing;
use crate::distributed::transaction::Decision;
use crate::distributed::transaction::two_phase::TransactionId;
use crate::journal::JournalError;

#[cfg(feature = "telemetry")]
crate::metrics! {
    /// Transactions by how they ended for who began them.
    static TRANSACTIONS: crate::telemetry::metrics::Family<crate::telemetry::metrics::Counter, 1> =
        crate::telemetry::metrics::Counter::builder("reliability.three_phase.transactions")
            .unit("{transaction}")
            .by(["reliability.three_phase.outcome"])
            .series(8);
    /// How long transactions took, from the first question to the decision.
    static DURATION: crate::telemetry::metrics::Histogram =
        crate::telemetry::metrics::Histogram::builder("reliability.three_phase.duration").unit("s");
    /// How sites have ended transactions, and whether they were told by the coordinator, have gone
    /// on without it, or were forced.
    static ENDED: crate::telemetry::metrics::Family<crate::telemetry::metrics::Counter, 2> =
        crate::telemetry::metrics::Counter::builder("reliability.three_phase.ended")
            .unit("{transaction}")
            .by(["reliability.three_phase.decision", "reliability.three_phase.way"])
            .series(12);
}

/// A transaction has come to its end for its coordinator; `None` if it does not know which.
pub(super) fn coordinated(decision: Option<Decision>, took: Duration) {
    #[cfg(feature = "telemetry")]
    {
        let word = match decision {
            None => "undecided",
            Some(Decision::Commit) => "committed",
            Some(Decision::Abort) => "aborted",
        };
        TRANSACTIONS.with([word]).add(1);
        DURATION.record_duration(took);
    }
    #[cfg(not(feature = "telemetry"))]
    let _ = (decision, took);
}

/// A site knows how a transaction ends: `told`, `refused`, `alone`, `recovered` or
/// `forced`.
pub(super) fn ended(
    site: &str,
    transaction: &TransactionId,
    decision: Decision,
    way: &'static str,
) {
    #[cfg(feature = "telemetry")]
    {
        ENDED.with([decision.as_str(), way]).add(1);
        if way != "told" {
            tracing::event!(
                name: "reliability.three_phase.ended",
                target: "reliability",
                tracing::Level::WARN,
                reliability.three_phase.site = site,
                reliability.three_phase.transaction = transaction.as_str(),
                reliability.three_phase.decision = decision.as_str(),
                reliability.three_phase.way = way,
                "a participant has ended a transaction without its coordinator",
            );
        }
    }
    #[cfg(not(feature = "telemetry"))]
    let _ = (site, transaction, decision, way);
}

/// A site was dead, or stopped for too long, and waits for somebody who knows how it has ended.
pub(super) fn waits(site: &str, transaction: &TransactionId, knows: Standing) {
    #[cfg(feature = "telemetry")]
    tracing::event!(
        name: "reliability.three_phase.waiting",
        target: "reliability",
        tracing::Level::WARN,
        reliability.three_phase.site = site,
        reliability.three_phase.transaction = transaction.as_str(),
        reliability.three_phase.standing = knows.as_str(),
        "a participant was dead in the middle of a transaction, and asks how it has ended",
    );
    #[cfg(not(feature = "telemetry"))]
    let _ = (site, transaction, knows);
}

/// A site has done the opposite of the others.
pub(super) fn heuristic(site: &str, transaction: &TransactionId, decision: Decision) {
    #[cfg(feature = "telemetry")]
    tracing::event!(
        name: "reliability.three_phase.heuristic",
        target: "reliability",
        tracing::Level::ERROR,
        reliability.three_phase.site = site,
        reliability.three_phase.transaction = transaction.as_str(),
        reliability.three_phase.decision = decision.as_str(),
        "a participant has done the opposite of this decision: mend its data by hand",
    );
    #[cfg(not(feature = "telemetry"))]
    let _ = (site, transaction, decision);
}

/// A site cannot go on with a transaction, because its journal does not answer; it counts as dead.
pub(super) fn broken(site: &str, transaction: &TransactionId, error: &JournalError) {
    #[cfg(feature = "telemetry")]
    tracing::event!(
        name: "reliability.three_phase.broken",
        target: "reliability",
        tracing::Level::ERROR,
        reliability.three_phase.site = site,
        reliability.three_phase.transaction = transaction.as_str(),
        reliability.error = %error,
        "a participant cannot write down how far it has got; it begins anew in a while",
    );
    #[cfg(not(feature = "telemetry"))]
    let _ = (site, transaction, error);
}
