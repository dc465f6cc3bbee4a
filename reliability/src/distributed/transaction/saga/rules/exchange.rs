//! What passes between the machine and its driver.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;
use std::time::SystemTime;

use super::Entry;
use crate::journal::StreamId;

/// What is to be done about a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Act {
    Do,
    Probe,
    /// The saga that it is is to turn back, if it still can.
    Recall,
    /// With whether the step is known to be done.
    Undo {
        known: bool,
    },
}

/// What has come.
#[derive(Debug)]
pub(in super::super) enum Input {
    /// Records that were there; or that somebody else has added, so that what was to be written is
    /// not. `fresh` says that nobody can have worked at the saga before.
    Found { entries: Vec<(SystemTime, Entry)>, fresh: bool },
    /// A step has ended. The random number is for the next pause.
    Ended { step: usize, act: Act, how: Ended, random: u64 },
    /// What was to be written is.
    Written,
    /// Time has gone by.
    Tick,
}

/// How an attempt has ended.
#[derive(Debug, PartialEq)]
pub(in super::super) enum Ended {
    /// It is done, or was found to be, with that output.
    Done(Vec<u8>),
    /// The probe says that it has not happened.
    NotFound,
    Undone,
    /// With that refusal.
    Rejected(Vec<u8>),
    /// The saga that it is has turned back because somebody wanted it, or was too late: with that
    /// refusal, unless this one turns back for the same reason.
    TurnedBack(Vec<u8>),
    /// The saga that it is is on its way, and says when there is news.
    Waiting(StreamId),
    /// Nobody but an operator can say what it has come to.
    Lost(String),
    Failed {
        unknown: bool,
        reason: String,
        pause: Option<Duration>,
    },
}

/// What the driver is to do.
#[derive(Debug, PartialEq)]
pub(in super::super) enum Next {
    /// Write [what there is to write](super::Machine::to_write) in one append, and say how it went.
    /// `rest` says that nothing is left to do for now, so the saga is put down in the same append;
    /// `status` what lists say of it from now on, if that is something else.
    Write { status: Option<&'static str>, rest: Option<Rest> },
    /// Begin these, and come back when something ends, or then. `busy` says that something is on its
    /// way.
    Go { begin: Vec<Begin>, until: Option<SystemTime>, busy: bool },
}

/// An attempt that is to be begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Begin {
    pub(in super::super) step: usize,
    pub(in super::super) act: Act,
    /// From 1 on.
    pub(in super::super) attempt: u32,
}

/// How a saga is put down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Rest {
    pub(in super::super) status: &'static str,
    pub(in super::super) until: Option<SystemTime>,
    pub(in super::super) over: bool,
}
