//! The records of a run, as its own version knows them.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::time::SystemTime;

use serde_json::Value;

use super::super::declared::{Old, Saga};
use super::super::plan::Plan;
use super::super::rules::{Entry, Started};
use crate::journal::{JournalError, Record};

/// Reads the records of a run.
pub(super) struct Reading<'a> {
    plan: &'a Plan,
    pub(super) entries: Vec<(SystemTime, Entry)>,
    pub(super) started: Option<Started>,
    /// What its first record says.
    pub(super) begun: Option<Vec<u8>>,
    /// As an operator or a migration has changed it.
    pub(super) input: Option<Vec<u8>>,
    pub(super) outputs: BTreeMap<usize, Vec<u8>>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(plan: &'a Plan) -> Self {
        let (entries, outputs) = (Vec::new(), BTreeMap::new());
        Self { plan, entries, started: None, begun: None, input: None, outputs }
    }

    pub(super) fn record(&mut self, record: &Record) -> Result<(), JournalError> {
        let entry = Entry::read(record, self.plan)?;
        match &entry {
            Entry::Started(started) => {
                self.started = Some(started.clone());
                self.begun = Some(record.event.payload().to_vec());
            }
            Entry::Done { step, output } => {
                self.outputs.entry(*step).or_insert_with(|| output.clone());
            }
            Entry::Edited { step: Some(step), value, .. } => {
                self.outputs.insert(*step, value.clone());
            }
            Entry::Edited { step: None, value, .. } => self.input = Some(value.clone()),
            _ => {}
        }
        self.entries.push((record.at, entry));
        Ok(())
    }

    /// Records of which some are of older versions: what steps have finished with is carried over.
    pub(super) fn older<D: Saga>(&mut self, records: &[Record]) -> Result<(), JournalError> {
        let version = records.first().map_or(1, |record| record.event.version());
        let mut carried = Old { version, input: Value::Null, done: Vec::new() };
        let (mut times, mut others) = (BTreeMap::new(), Vec::new());
        for record in records {
            let event = &record.event;
            // Who wrote this has carried over what was before it.
            carried = carry::<D>(carried, event.version())?;
            match event.name() {
                name if !name.starts_with("saga.") => {
                    let known = carried.done.iter().any(|(done, _)| done == name);
                    if !known {
                        carried.done.push((name.to_string(), event.read_json()?));
                        times.insert(name.to_string(), record.at);
                    }
                }
                name => {
                    match name {
                        "saga.started" => {
                            carried.input = event.read_json::<Value>()?["input"].take();
                        }
                        "saga.edited" => {
                            let mut said = event.read_json::<Value>()?;
                            let value = said["value"].take();
                            if let Some(step) = edited(&mut carried, &said["step"], value) {
                                times.entry(step).or_insert(record.at);
                            }
                        }
                        _ => {}
                    }
                    others.push(record);
                }
            }
        }
        let Old { input, done, .. } = carry::<D>(carried, self.plan.version())?;
        self.input = Some(input.to_string().into_bytes());
        for (name, output) in done {
            let step = self.plan.find(&name).ok_or_else(|| {
                let plan = self.plan;
                unreadable(&format!(
                    "the step `{name}` is done, which version {} of saga `{}` does not have; let \
                     the migration take it out or rename it",
                    plan.version(),
                    plan.name()
                ))
            })?;
            let output = output.to_string().into_bytes();
            self.outputs.insert(step, output.clone());
            let at = times.get(&name).or(times.values().next()).copied();
            let at = at.unwrap_or(SystemTime::UNIX_EPOCH);
            self.entries.push((at, Entry::Done { step, output }));
        }
        for record in others {
            if record.event.name() == "saga.edited" {
                // What it says is carried over above; what remains is that somebody has acted.
                let said = record.event.read_json::<Value>()?;
                let text = |key: &str| said[key].as_str().unwrap_or_default().to_string();
                let entry = Entry::Retried { by: text("by"), why: text("why") };
                self.entries.push((record.at, entry));
                continue;
            }
            let read = self.record(record);
            // How often a step was tried that is not there any more, is nothing to anybody.
            let counts = !matches!(record.event.name(), "saga.tried" | "saga.stuck");
            if counts {
                read?;
            }
        }
        // It has begun before anything else happened.
        self.entries.sort_by_key(|(_, entry)| !matches!(entry, Entry::Started(_)));
        Ok(())
    }
}

/// An operator has changed the input, or said what a step has finished with: that one.
fn edited(carried: &mut Old, step: &Value, value: Value) -> Option<String> {
    let Some(step) = step.as_str() else {
        carried.input = value;
        return None;
    };
    match carried.done.iter_mut().find(|(done, _)| done == step) {
        Some((_, before)) => *before = value,
        None => carried.done.push((step.to_string(), value)),
    }
    Some(step.to_string())
}

/// What an older program has left, as that version knows it.
fn carry<D: Saga>(mut old: Old, version: u32) -> Result<Old, JournalError> {
    while old.version < version {
        let from = old.version;
        old = D::migrate(old).map_err(|error| {
            let name = D::DEFINITION.name();
            unreadable_because(
                format!("version {from} of saga `{name}` cannot be carried on"),
                error,
            )
        })?;
        old.version = from + 1;
    }
    Ok(old)
}

pub(super) fn read_output<D: Saga>(
    plan: &Plan,
    step: usize,
    output: &[u8],
) -> Result<D, JournalError> {
    D::read(step, output).map_err(|error| {
        let name = plan.steps().get(step).map_or("?", |step| step.name());
        unreadable_because(format!("the output of step `{name}` is of another form"), error)
    })
}

pub(super) fn unreadable(what: &str) -> JournalError {
    JournalError::Unreadable { what: what.to_string(), source: None }
}

pub(super) fn unreadable_because(
    what: String,
    source: impl Into<Box<dyn core::error::Error + Send + Sync>>,
) -> JournalError {
    JournalError::Unreadable { what, source: Some(source.into()) }
}
