//! What programs read.

use std::time::SystemTime;

use reliability::distributed::transaction::operator::Moment;
use reliability::distributed::transaction::saga::Plan;
use reliability::distributed::transaction::{saga, tcc, two_phase};
use reliability::journal::Head;
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
    json!({ "version": shown.plan.version(), "around": around, "steps": steps })
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
