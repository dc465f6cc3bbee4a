//! The events that subscribers see.

use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use super::*;

/// Writes down every event: its name, then its fields.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn core::fmt::Debug) {
        self.0 += &format!(" {field}={value:?}");
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0 += &format!(" {field}={value}");
    }
}

impl Subscriber for Written {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        let mut line = Line(format!("{} {}", metadata.level(), metadata.name()));
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn each_transition_is_an_event_and_nothing_else_is() {
    let scenario = || {
        let rig = Rig::new(standard().probes(1));
        rig.call(Counted::Success);
        rig.half_open();
        rig.engine.disable();
        rig.engine.disable();
    };
    // Once without a subscriber: an event that another test emits for the first time while ours is
    // the only subscriber would be taken for one that nobody wants.
    scenario();
    let written = Written::default();
    tracing::subscriber::with_default(written.clone(), || {
        // `tracing` remembers who wants an event by the subscribers that were there when it first
        // happened, and other tests are at it on other threads.
        tracing::callsite::rebuild_interest_cache();
        scenario();
    });
    let event = |level: &str, from: &str, to: &str| {
        format!(
            "{level} reliability.breaker.transition message=the breaker changed its state \
             reliability.breaker.name=rig \
             reliability.breaker.from={from} reliability.breaker.to={to}"
        )
    };
    assert_eq!(
        *written.0.lock().unwrap(),
        [
            event("WARN", "closed", "open"),
            event("INFO", "open", "half_open"),
            event("INFO", "half_open", "disabled")
        ],
    );
}
