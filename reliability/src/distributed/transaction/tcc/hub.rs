//! What all transactions of a coordinator share.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use core::time::Duration;
use std::time::SystemTime;

use super::core::Moment;
use super::participant::Entry;
use crate::journal::{Claim, Journal};
use crate::time::WallClock;

pub(super) struct Hub {
    pub(super) journal: Journal,
    pub(super) clock: WallClock,
    pub(super) owner: String,
    pub(super) participants: BTreeMap<&'static str, Entry>,
    /// How long a transaction may stay undecided.
    pub(super) expires: Duration,
    /// How long a participant may take to confirm or cancel.
    pub(super) patience: Duration,
    /// How often one is told in vain before it waits for an operator.
    pub(super) attempts: u32,
}

impl Hub {
    /// Longer than all participants together may take, as they are told at once.
    pub(super) fn lease(&self) -> Duration {
        self.patience.saturating_mul(2).min(Claim::LONGEST_LEASE)
    }

    pub(super) fn now(&self) -> Moment {
        self.clock.now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
    }
}

pub(super) type Shared = Arc<Hub>;
