//! What programs read.

use std::time::SystemTime;

use reliability::distributed::transaction::saga::{Plan, Shown};
use reliability::journal::Head;
use serde_json::{Value, json};

pub(crate) fn head(head: &Head) -> Value {
    json!({
        "saga": head.stream.kind(),
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

pub(crate) fn shown(shown: &Shown) -> Value {
    let steps = shown.progress.steps.iter().map(|step| {
        json!({
            "name": step.name,
            "state": step.state.as_str(),
            "failed_attempts": step.failed_attempts,
            "nested": step.nested.as_ref().map(|nested| json!({
                "saga": nested.stream.kind(),
                "key": nested.stream.key(),
                "status": nested.status,
            })),
        })
    });
    let timeline = shown.timeline.iter().map(|moment| {
        json!({
            "at_ms": millis(moment.at),
            "record": moment.sequence.get(),
            "name": moment.name,
            "text": moment.text,
            "payload": moment.payload,
        })
    });
    let (steps, timeline): (Vec<Value>, Vec<Value>) = (steps.collect(), timeline.collect());
    let mut whole = head(&shown.head);
    whole["around"] = shown.around.as_ref().map_or(Value::Null, |around| {
        json!({ "saga": around.stream.kind(), "key": around.stream.key(), "step": around.step })
    });
    whole["version"] = shown.plan.version().into();
    whole["steps"] = steps.into();
    whole["timeline"] = timeline.into();
    whole
}

fn millis(time: SystemTime) -> i64 {
    let whole = |time: std::time::Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => whole(since),
        Err(before) => -whole(before.duration()),
    }
}
