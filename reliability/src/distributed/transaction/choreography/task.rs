//! A handler in one transaction, and what may be done about it.

use alloc::string::{String, ToString};
use std::time::SystemTime;

use super::bus::Envelope;
use super::entry::How;
use super::participant::Link;

/// Mistakes that the tests make on purpose.
#[cfg(test)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Planted {
    /// Undoes without waiting for what was made of it.
    Hasty,
    /// Does not remember that something will never happen.
    NoBarrier,
    /// Repeats what may have happened without asking the probe.
    NoProbe,
}

/// One of its handlers.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) link: Link,
    pub(super) name: String,
    pub(super) settled: Option<How>,
    /// It had all it waits for when the refusal came, so it may have happened.
    pub(super) was_ready: bool,
    /// Somebody has undone it by hand.
    pub(super) skipped: bool,
    /// Somebody can say whether it has happened.
    pub(super) probed: bool,
    /// It was begun, and nobody has written down what it came to: it may have happened.
    pub(super) begun: bool,
    /// This worker knows that it has not happened.
    pub(super) clean: bool,
    pub(super) attempts: u32,
    pub(super) undo_attempts: u32,
    pub(super) not_before: Option<SystemTime>,
    pub(super) parked: Option<String>,
}

impl Task {
    pub(super) fn new(link: Link, name: &str, probed: bool) -> Self {
        Self {
            link,
            name: name.to_string(),
            settled: None,
            was_ready: false,
            skipped: false,
            probed,
            begun: false,
            clean: false,
            attempts: 0,
            undo_attempts: 0,
            not_before: None,
            parked: None,
        }
    }

    /// Whether its probe is to be asked before it is repeated.
    pub(super) const fn may_have_happened(&self) -> bool {
        self.probed && self.begun && !self.clean
    }

    /// Whether it is to be written down that it begins: who comes after this worker has to know that
    /// it may have happened.
    pub(super) const fn is_to_be_begun(&self) -> bool {
        self.probed && !self.begun
    }
}

/// What is called of a handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Do,
    Probe,
    Undo,
}

/// What is next.
#[derive(Debug, PartialEq)]
pub(super) enum Todo {
    /// Tell the bus.
    Tell(Envelope),
    /// Call a handler.
    Do(usize),
    /// Ask its probe whether it has happened.
    Probe(usize),
    /// Call its undo.
    Undo(usize),
    /// Write down that it will never happen, or was undone by hand.
    Never(usize),
    /// Nothing, until then or until something is heard.
    Rest { until: Option<SystemTime>, status: &'static str },
    /// Nothing any more.
    Over(&'static str),
}

/// What a handler wants.
pub(super) enum Wanted {
    Now(Todo),
    /// Something has to be heard first.
    Waiting,
    Nothing,
}
