//! What a handler has come to, as records and events.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::json;

use super::{Desk, Hand, unstarted};
use crate::distributed::transaction::choreography::bus::{Envelope, EventId};
use crate::distributed::transaction::choreography::entry::{Entry, How};
use crate::distributed::transaction::choreography::rules::{REFUSED, UNDONE};
use crate::distributed::transaction::saga::durable::Written;
use crate::distributed::transaction::saga::{EffectId, Saga, Transient};
use crate::journal::{Encoding, Event, JournalError};

impl<D: Saga> Desk<D> {
    /// What is written down of a handler that is through.
    pub(super) fn done(
        &self,
        hand: &Hand,
        place: usize,
        made: Option<D>,
        trace: Option<String>,
    ) -> Result<Vec<Entry>, Transient> {
        let task = hand.state.tasks[place].name.clone();
        let how = How::Done;
        let (Some(made), Some(event)) = (made, hand.state.tasks[place].link.makes) else {
            return Ok(Vec::from([Entry::Settled { task, how, envelope: None }]));
        };
        let name = self.room.wiring.event(event);
        let payload = made.write().map_err(|error| {
            Transient::new(format!("it is done, and `{name}` cannot be written: {error}"))
        })?;
        let event = Event::from_parts(name, self.room.wiring.version(), Encoding::Json, payload);
        let envelope = self.envelope(hand, place, event, None, trace).map_err(|error| {
            Transient::new(format!("it is done, and `{name}` cannot be told: {error}"))
        })?;
        Ok(Vec::from([Entry::Settled { task, how, envelope: Some(envelope) }]))
    }

    pub(super) fn refused(
        &self,
        hand: &Hand,
        place: usize,
        refusal: &D::Refusal,
        trace: Option<String>,
    ) -> Result<Vec<Entry>, JournalError> {
        let task = hand.state.tasks[place].name.clone();
        // That it was refused counts for more than why.
        let why =
            serde_json::to_value(Written(refusal)).unwrap_or_else(|error| error.to_string().into());
        let said = json!({"event": task, "participant": self.name, "refusal": why});
        let envelope =
            self.envelope(hand, place, control(REFUSED, &said), Some("refused"), trace)?;
        Ok(Vec::from([Entry::Settled { task, how: How::Refused, envelope: Some(envelope) }]))
    }

    pub(super) fn undone(
        &self,
        hand: &Hand,
        place: usize,
        trace: Option<String>,
    ) -> Result<Vec<Entry>, JournalError> {
        let task = hand.state.tasks[place].name.clone();
        let said = json!({"event": task, "participant": self.name});
        let envelope = self.envelope(hand, place, control(UNDONE, &said), Some("undone"), trace)?;
        Ok(Vec::from([Entry::Settled { task, how: How::Undone, envelope: Some(envelope) }]))
    }

    /// The event of a handler, as it goes over the bus.
    fn envelope(
        &self,
        hand: &Hand,
        place: usize,
        event: Event,
        what: Option<&str>,
        trace: Option<String>,
    ) -> Result<Envelope, JournalError> {
        let state = &hand.state;
        let cause = match what {
            None => state.tasks[place].link.hears.last().and_then(|it| state.heard.get(it)),
            Some(_) => state.refused.as_ref(),
        };
        // A refusal may come before the start.
        let cause = cause.or(state.started.as_ref()).or(state.refused.as_ref());
        let Some(cause) = cause else { return Err(unstarted()) };
        let (topic, transaction) = (self.room.wiring.name(), cause.transaction());
        let mut envelope =
            Envelope::new(topic, transaction, cause.key(), event)?.caused_by(cause.id());
        let effect = EffectId::new(transaction.get(), &state.tasks[place].name);
        envelope = envelope.with_effect(effect.as_str())?;
        if let Some(what) = what {
            let id: String = format!("{}-{what}", effect.as_str()).chars().take(200).collect();
            envelope = envelope.with_id(EventId::new(&id)?);
        }
        match trace.or_else(|| cause.traceparent().map(ToString::to_string)) {
            Some(traceparent) => Ok(envelope.with_traceparent(&traceparent)?),
            None => Ok(envelope),
        }
    }
}

/// An event of the choreography itself.
pub(in super::super) fn control(name: &'static str, said: &serde_json::Value) -> Event {
    Event::from_parts(name, 1, Encoding::Json, said.to_string().into_bytes())
}
