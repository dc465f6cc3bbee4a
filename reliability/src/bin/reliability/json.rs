//! What programs read.

use std::time::SystemTime;

use reliability::distributed::transaction::operator::Moment;
use reliability::distributed::transaction::saga::Plan;
use reliability::distributed::transaction::two_phase::TransactionId;
use reliability::distributed::transaction::{
    Decision, choreography, saga, tcc, three_phase, two_phase,
};
use reliability::journal::{Head, StreamId};
use serde_json::{Value, json};

use crate::kind::Kind;

pub(crate) fn head(kind: Kind, head: &Head) -> Value {
    json!({
        "transaction": kind.as_str(),
        "kind": head.stream.kind(),
        "key": head.stream.key(),
        "status": head.status,
        "records": head.sequence.get(),
        "priority": head.priority,
        "created_at_ms": millis(head.created_at),
        "changed_at_ms": millis(head.changed_at),
        "due_at_ms": head.due_at.map(millis),
        "owner": head.held.as_ref().map(|held| &held.owner),
    })
}

pub(crate) fn plan(plan: &Plan) -> Value {
    let steps = plan.steps().iter().map(|step| {
        json!({
            "name": step.name(),
            "kind": step.kind().as_str(),
            "after": step.after(),
            "needs": step.needs(),
            "undo": step.has_undo(),
            "nested": step.nested(),
        })
    });
    let steps: Vec<Value> = steps.collect();
    json!({ "saga": plan.name(), "version": plan.version(), "steps": steps })
}

/// What only sagas have.
pub(crate) fn saga(shown: &saga::Shown) -> Value {
    let steps = shown.progress.steps.iter().map(|step| {
        json!({
            "name": step.name,
            "state": step.state.as_str(),
            "failed_attempts": step.failed_attempts,
            "nested": step.nested.as_ref().map(|nested| json!({
                "kind": nested.stream.kind(),
                "key": nested.stream.key(),
                "status": nested.status,
            })),
        })
    });
    let steps: Vec<Value> = steps.collect();
    let around = shown.around.as_ref().map(|around| {
        json!({ "kind": around.stream.kind(), "key": around.stream.key(), "step": around.step })
    });
    let (version, defined) = (shown.plan.version(), shown.is_defined);
    json!({ "version": version, "defined": defined, "around": around, "steps": steps })
}

/// What only transactions by TCC have.
pub(crate) fn tcc(shown: &tcc::Shown) -> Value {
    let decision = shown.decision.map(tcc::Decision::as_str);
    json!({ "decision": decision, "participants": shown.participants })
}

/// What only two-phase commits have.
pub(crate) fn two_phase(shown: &two_phase::Shown) -> Value {
    let decision = shown.decision.as_str();
    json!({
        "decision": decision,
        "participants": shown.participants,
        "against": shown.against,
    })
}

/// One three-phase commit: it has a stream for each who takes part.
pub(crate) fn three_phase(stream: &StreamId, shown: &three_phase::Shown) -> Value {
    let seats = shown.seats.iter().map(|seat| {
        json!({
            "name": seat.name,
            "coordinates": seat.coordinates,
            "standing": seat.standing.map(three_phase::Standing::as_str),
            "status": seat.head.as_ref().map(|head| &head.status),
            "followed": seat.followed,
            "against": seat.against,
        })
    });
    let seats: Vec<Value> = seats.collect();
    json!({
        "transaction": Kind::ThreePhase.as_str(),
        "kind": stream.kind(),
        "key": stream.key(),
        "decision": shown.decision.map(Decision::as_str),
        "seats": seats,
        "timeline": shown.timeline.iter().map(moment).collect::<Value>(),
    })
}

/// Whether one who takes part in a three-phase commit and is in that status has nothing to do any more.
pub(crate) fn is_over_at_a_site(status: &str) -> bool {
    ["done", "heuristic"].contains(&status)
}

/// One transaction of a choreography: it has a stream for each participant.
pub(crate) fn choreography(shown: &choreography::Shown) -> Value {
    let parts = shown.parts.iter().map(|part| {
        let parked =
            part.parked.iter().map(|(handler, why)| json!({ "handler": handler, "why": why }));
        let parked: Vec<Value> = parked.collect();
        json!({
            "participant": part.participant,
            "kind": part.head.stream.kind(),
            "key": part.head.stream.key(),
            "status": part.head.status,
            "changed_at_ms": millis(part.head.changed_at),
            "owner": part.head.held.as_ref().map(|held| &held.owner),
            "parked": parked,
        })
    });
    let parts: Vec<Value> = parts.collect();
    json!({
        "transaction": Kind::Choreography.as_str(),
        "kind": shown.choreography,
        "key": shown.key,
        "number": shown.transaction.to_string(),
        "status": shown.status,
        "participants": parts,
        "timeline": shown.timeline.iter().map(moment).collect::<Value>(),
    })
}

/// What a participant of two-phase commits has promised, and what the log says of it.
pub(crate) fn in_doubt(
    kind: &str,
    participant: &str,
    doubt: &(TransactionId, Option<Decision>),
) -> Value {
    let (id, decision) = doubt;
    json!({
        "transaction": Kind::TwoPhase.as_str(),
        "kind": kind,
        "key": id.as_str(),
        "participant": participant,
        "decision": decision.map(Decision::as_str),
    })
}

/// One transaction: what all have, and its own.
pub(crate) fn seen(kind: Kind, of: &Head, own: Value, timeline: &[Moment]) -> Value {
    let mut whole = head(kind, of);
    if let (Some(whole), Value::Object(own)) = (whole.as_object_mut(), own) {
        whole.extend(own);
    }
    whole["timeline"] = timeline.iter().map(moment).collect();
    whole
}

/// Something that has happened.
pub(crate) fn moment(moment: &Moment) -> Value {
    json!({
        "at_ms": millis(moment.at),
        "stream": moment.stream.to_string(),
        "record": moment.sequence.get(),
        "name": moment.name,
        "text": moment.text,
        "payload": moment.payload,
    })
}

fn millis(time: SystemTime) -> i64 {
    let whole = |time: std::time::Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => whole(since),
        Err(before) => -whole(before.duration()),
    }
}
