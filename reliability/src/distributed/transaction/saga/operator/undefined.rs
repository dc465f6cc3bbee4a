//! Sagas of which no engine has written down yet what they are made of.

use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde_json::Value;

use crate::distributed::transaction::saga::plan::{Plan, PlannedStep};
use crate::distributed::transaction::saga::rules::{Entry, Facts};
use crate::error::Invalid;
use crate::journal::{Record, StreamId};

/// Of a plan that nobody has written down: what does not go with it is left out.
pub(super) fn facts_as_far_as_known(plan: &Arc<Plan>, records: &[Record]) -> Facts {
    let mut known = Facts::new(Arc::clone(plan));
    for record in records {
        let mut next = known.clone();
        let entry = Entry::read(record, plan);
        if entry.and_then(|entry| next.apply(&entry, record.at)).is_ok() {
            known = next;
        }
    }
    known
}

/// A saga with those steps of which its records speak, in the order in which they do.
pub(super) fn heard_of(saga: &StreamId, version: u32, records: &[Record]) -> Plan {
    let mut steps: Vec<PlannedStep> = Vec::new();
    for record in records {
        let event = &record.event;
        let name = match event.name().starts_with("saga.") {
            // One that has finished stands there by its name.
            false => event.name().to_string(),
            true => {
                let said: Value = event.read_json().unwrap_or_default();
                let Some(step) = said["step"].as_str() else { continue };
                step.to_string()
            }
        };
        if steps.iter().all(|step| step.name != name) {
            steps.push(PlannedStep::named(name));
        }
    }
    Plan::new(saga.kind(), version, None, steps)
}

pub(super) fn undefined(saga: &StreamId, version: u32) -> Invalid {
    let expected = "a saga of which this journal says what it is made of";
    let got = alloc::format!("`{}@{version}`, of which it does not", saga.kind());
    Invalid::new("saga", "definition", expected, got).with_advice(
        "an engine that works at it writes that when it begins, `Sagas::on(..).saga::<..>().start()`: \
         start one of that version, or wait for it; `show` tells meanwhile what has happened",
    )
}
