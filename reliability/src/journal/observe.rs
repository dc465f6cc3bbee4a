//! What the journals of the process do, in numbers and events.

#[cfg(any(feature = "postgres", feature = "redb", feature = "sqlite"))]
use core::time::Duration;

use super::{Appended, JournalError};

#[cfg(feature = "telemetry")]
crate::metrics! {
    /// Appends to journals, by what became of them.
    static APPENDS: crate::telemetry::metrics::Family<crate::telemetry::metrics::Counter, 1> =
        crate::telemetry::metrics::Counter::builder("reliability.journal.appends")
            .unit("{append}")
            .by(["reliability.journal.outcome"])
            .series(8);
    /// Records that were written to journals.
    static RECORDS: crate::telemetry::metrics::Counter =
        crate::telemetry::metrics::Counter::builder("reliability.journal.records").unit("{record}");
    /// Streams that were claimed.
    static CLAIMS: crate::telemetry::metrics::Counter =
        crate::telemetry::metrics::Counter::builder("reliability.journal.claims").unit("{stream}");
}

#[cfg(all(any(feature = "postgres", feature = "redb", feature = "sqlite"), feature = "telemetry"))]
crate::metrics! {
    /// How long commits of journals took; each holds all that has come meanwhile.
    static COMMIT: crate::telemetry::metrics::Histogram =
        crate::telemetry::metrics::Histogram::builder("reliability.journal.commit.duration").unit("s");
}

/// A batch came to its end.
pub(super) fn appended(events: usize, done: &Result<alloc::vec::Vec<Appended>, JournalError>) {
    #[cfg(feature = "telemetry")]
    {
        let outcome = match done {
            Ok(_) => "written",
            Err(JournalError::Conflict { .. }) => "conflict",
            Err(JournalError::Fenced { .. }) => "fenced",
            Err(JournalError::Unknown { .. }) => "unknown",
            Err(_) => "failed",
        };
        APPENDS.with([outcome]).add(1);
        match done {
            Ok(_) => RECORDS.add(events as u64),
            Err(JournalError::Fenced { stream, shown, current }) => tracing::event!(
                name: "reliability.journal.fenced",
                target: "reliability",
                tracing::Level::WARN,
                reliability.journal.stream = %stream,
                reliability.journal.shown_epoch = shown.get(),
                reliability.journal.epoch = current.get(),
                "a worker was taken for dead and is refused",
            ),
            Err(error @ (JournalError::Unavailable { .. } | JournalError::Unknown { .. })) => {
                tracing::event!(
                    name: "reliability.journal.failed",
                    target: "reliability",
                    tracing::Level::ERROR,
                    reliability.error = %error,
                    "the journal cannot be written",
                );
            }
            Err(_) => {}
        }
    }
    #[cfg(not(feature = "telemetry"))]
    let _ = (events, done);
}

/// So many streams were claimed.
pub(super) fn claimed(streams: usize) {
    #[cfg(feature = "telemetry")]
    CLAIMS.add(streams as u64);
    #[cfg(not(feature = "telemetry"))]
    let _ = streams;
}

/// A commit took so long.
#[cfg(any(feature = "postgres", feature = "redb", feature = "sqlite"))]
pub(super) fn committed(took: Duration) {
    #[cfg(feature = "telemetry")]
    COMMIT.record_duration(took);
    #[cfg(not(feature = "telemetry"))]
    let _ = took;
}
