//! What the first record of a saga says.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;
use std::time::SystemTime;

use serde_json::{Value, json};

use super::super::plan::Plan;
use super::entry::{NESTED, STARTED};
use crate::journal::{Encoding, Event, JournalError, StreamId};

/// What the first record of a saga says.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Started {
    /// Of this run of the saga, and of no other.
    pub(in super::super) run: u128,
    /// When it turns back, as long as it can.
    pub(in super::super) deadline: Option<SystemTime>,
    /// The trace that it belongs to.
    pub(in super::super) traceparent: Option<String>,
    /// The step of another saga that it is.
    pub(in super::super) parent: Option<Parent>,
    /// As JSON.
    pub(in super::super) input: Vec<u8>,
}

impl Started {
    pub(super) fn read(kept: &Value) -> Result<Self, JournalError> {
        let run = kept["run"].as_str().and_then(|it| u128::from_str_radix(it, 16).ok());
        let deadline = kept["deadline_ms"].as_u64();
        Ok(Self {
            run: run.ok_or_else(|| JournalError::Unreadable {
                what: format!("`{STARTED}` does not say which run it is"),
                source: None,
            })?,
            deadline: deadline.map(|ms| SystemTime::UNIX_EPOCH + Duration::from_millis(ms)),
            traceparent: kept["traceparent"].as_str().map(ToString::to_string),
            parent: Parent::read(&kept["parent"]),
            input: kept["input"].to_string().into_bytes(),
        })
    }

    /// The first record of a saga of that plan.
    pub(in super::super) fn event(&self, plan: &Plan) -> Event {
        Event::from_parts(STARTED, plan.version(), Encoding::Json, self.text())
    }

    /// As JSON, with the input as it came.
    fn text(&self) -> Vec<u8> {
        let mut text = format!("{{\"run\":\"{:032x}\"", self.run);
        if let Some(deadline) = self.deadline {
            let since = deadline.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            text.push_str(&format!(",\"deadline_ms\":{}", since.as_millis()));
        }
        if let Some(trace) = &self.traceparent {
            text.push_str(&format!(",\"traceparent\":{}", Value::from(trace.as_str())));
        }
        if let Some(parent) = &self.parent {
            text.push_str(&format!(",\"parent\":{}", parent.kept()));
        }
        text.push_str(",\"input\":");
        let mut text = text.into_bytes();
        text.extend_from_slice(&self.input);
        text.push(b'}');
        text
    }
}

/// The step of another saga that a run is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Parent {
    pub(in super::super) stream: StreamId,
    pub(in super::super) step: String,
    /// Of the other saga.
    pub(in super::super) version: u32,
    /// How many sagas it is in, one in the other; from 1 on.
    pub(in super::super) depth: u32,
}

impl Parent {
    /// Of the saga that begins with that record, in whichever version.
    pub(in super::super) fn of(first: &Event) -> Option<Self> {
        let started = (first.name() == STARTED).then(|| first.read_json::<Value>())?;
        Self::read(&started.ok()?["parent"])
    }

    /// What is said to it of that saga.
    pub(in super::super) fn told(&self, saga: &StreamId, status: &str) -> Event {
        let said = json!({ "step": self.step, "saga": saga.to_string(), "status": status });
        Event::from_parts(NESTED, self.version, Encoding::Json, said.to_string().into_bytes())
    }

    fn read(kept: &Value) -> Option<Self> {
        let number = |key: &str| kept[key].as_u64().and_then(|it| u32::try_from(it).ok());
        let stream = StreamId::new(kept["saga"].as_str()?, kept["key"].as_str()?).ok()?;
        let step = kept["step"].as_str()?.to_string();
        Some(Self { stream, step, version: number("version")?, depth: number("depth")? })
    }

    fn kept(&self) -> Value {
        let Self { stream, step, version, depth } = self;
        json!({ "saga": stream.kind(), "key": stream.key(), "step": step, "version": version,
                "depth": depth })
    }
}
