use alloc::vec::Vec;

use super::settings::Recorder;
use crate::telemetry::Attribute;
use crate::telemetry::metrics::{Collection, Declared, Descriptor, Observe};

const ROOTS: Descriptor = Descriptor::new(
    "reliability.trace.roots",
    "{root}",
    "Local roots, by what became of them: not_sampled, kept, dropped.",
);
const SPANS: Descriptor = Descriptor::new(
    "reliability.trace.spans",
    "{span}",
    "Spans, by what became of them: recorded, no_room, late.",
);
const WITHOUT_ROOM: Descriptor = Descriptor::new(
    "reliability.trace.roots_without_room",
    "{root}",
    "Local roots that began when the recorder was full.",
);
const MEMORY: Descriptor =
    Descriptor::new("reliability.trace.memory", "By", "Memory that the recorder uses.");

/// The recorder of the process, which is asked whether it was started or not.
struct OfProcess;

static OF_PROCESS: OfProcess = OfProcess;

inventory::submit! { Declared::new(&OF_PROCESS) }

impl Observe for OfProcess {
    fn observe(&self, into: &mut Collection) {
        let Some(recorder) = Recorder::running() else { return };
        let counts = recorder.counts();
        let attributes =
            |outcome: &'static str| Vec::from([Attribute::new("reliability.outcome", outcome)]);
        for (outcome, count) in [
            ("not_sampled", counts.not_sampled),
            ("kept", counts.kept),
            ("dropped", counts.dropped),
        ] {
            into.counter(&ROOTS, attributes(outcome), count);
        }
        for (outcome, count) in [
            ("recorded", counts.spans),
            ("no_room", counts.spans_dropped),
            ("late", counts.spans_late),
        ] {
            into.counter(&SPANS, attributes(outcome), count);
        }
        into.counter(&WITHOUT_ROOM, Vec::new(), counts.roots_without_room);
        let bytes = i64::try_from(recorder.memory_used()).unwrap_or(i64::MAX);
        into.up_down_counter(&MEMORY, Vec::new(), bytes);
    }
}
