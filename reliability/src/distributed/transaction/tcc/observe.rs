//! What transactions do, in numbers and events.

use super::{Decision, TccError, Transient};

#[cfg(feature = "telemetry")]
use crate::telemetry::metrics::{Counter, Family};

#[cfg(feature = "telemetry")]
crate::metrics! {
    /// Transactions that were begun.
    static BEGUN: Counter = Counter::builder("reliability.tcc.begun").unit("{transaction}");
    /// Transactions that were decided, by how.
    static DECIDED: Family<Counter, 1> = Counter::builder("reliability.tcc.decided")
        .unit("{transaction}")
        .by(["reliability.tcc.decision"])
        .series(2);
    /// Transactions all of whose participants know.
    static ENDED: Counter = Counter::builder("reliability.tcc.ended").unit("{transaction}");
    /// Transactions that were taken over from somebody who left them behind.
    static RECOVERED: Counter = Counter::builder("reliability.tcc.recovered").unit("{transaction}");
    /// Transactions that wait for an operator, because participants were told in vain too often.
    static STUCK: Counter = Counter::builder("reliability.tcc.stuck").unit("{transaction}");
    /// Participants that refused.
    static REFUSED: Family<Counter, 1> = Counter::builder("reliability.tcc.refused")
        .unit("{participant}")
        .by(["reliability.tcc.participant"])
        .series(200);
    /// Participants that could not confirm or cancel yet, and are told again.
    static FAILED: Family<Counter, 2> = Counter::builder("reliability.tcc.failed")
        .unit("{participant}")
        .by(["reliability.tcc.participant", "reliability.tcc.decision"])
        .series(400);
}

pub(super) fn begun() {
    #[cfg(feature = "telemetry")]
    BEGUN.add(1);
}

pub(super) fn decided(decision: Decision) {
    #[cfg(feature = "telemetry")]
    DECIDED.with([decision.as_str()]).add(1);
    #[cfg(not(feature = "telemetry"))]
    let _ = decision;
}

pub(super) fn ended() {
    #[cfg(feature = "telemetry")]
    ENDED.add(1);
}

pub(super) fn recovered() {
    #[cfg(feature = "telemetry")]
    RECOVERED.add(1);
}

pub(super) fn refused(participant: &str) {
    #[cfg(feature = "telemetry")]
    REFUSED.with([participant]).add(1);
    #[cfg(not(feature = "telemetry"))]
    let _ = participant;
}

pub(super) fn failed(transaction: &str, participant: &str, decision: Decision, why: &Transient) {
    #[cfg(feature = "telemetry")]
    {
        FAILED.with([participant, decision.as_str()]).add(1);
        tracing::event!(
            name: "reliability.tcc.failed",
            target: "reliability",
            tracing::Level::WARN,
            reliability.tcc.transaction = transaction,
            reliability.tcc.participant = participant,
            reliability.tcc.decision = decision.as_str(),
            reliability.error = %why,
            "a participant has not done as decided, and is told again",
        );
    }
    #[cfg(not(feature = "telemetry"))]
    let _ = (transaction, participant, decision, why);
}

pub(super) fn stuck(transaction: &str, participants: &str) {
    #[cfg(feature = "telemetry")]
    {
        STUCK.add(1);
        tracing::event!(
            name: "reliability.tcc.stuck",
            target: "reliability",
            tracing::Level::ERROR,
            reliability.tcc.transaction = transaction,
            reliability.tcc.participants = participants,
            "participants were told in vain too often: the transaction waits for an operator",
        );
    }
    #[cfg(not(feature = "telemetry"))]
    let _ = (transaction, participants);
}

pub(super) fn mended(transaction: &str, verb: &str, by: &str) {
    #[cfg(feature = "telemetry")]
    tracing::event!(
        name: "reliability.tcc.mended",
        target: "reliability",
        tracing::Level::WARN,
        reliability.tcc.transaction = transaction,
        reliability.tcc.verb = verb,
        reliability.tcc.by = by,
        "an operator has done something about a transaction",
    );
    #[cfg(not(feature = "telemetry"))]
    let _ = (transaction, verb, by);
}

pub(super) fn broken(transaction: &str, error: &TccError) {
    #[cfg(feature = "telemetry")]
    tracing::event!(
        name: "reliability.tcc.broken",
        target: "reliability",
        tracing::Level::ERROR,
        reliability.tcc.transaction = transaction,
        reliability.error = %error,
        "a transaction cannot be carried on; it is tried again in a while",
    );
    #[cfg(not(feature = "telemetry"))]
    let _ = (transaction, error);
}
