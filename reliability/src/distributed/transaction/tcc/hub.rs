//! What all transactions of a coordinator share.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use core::time::Duration;
use std::time::SystemTime;

use super::core::Moment;
use super::participant::Entry;
use super::written::Birth;
use crate::distributed::transaction::Retention;
use crate::journal::{Claim, Due, Journal};
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
    /// What becomes of those that are over.
    pub(super) retention: Retention,
}

impl Hub {
    /// Longer than all participants together may take, as they are told at once.
    pub(super) fn lease(&self) -> Duration {
        self.patience.saturating_mul(2).min(Claim::LONGEST_LEASE)
    }

    /// When the records of a transaction go that has ended then: not before it may have been tried for
    /// the last time. Nothing when they stay.
    pub(super) fn goes_at(&self, ended_at: Moment, birth: &Birth) -> Option<Moment> {
        match self.retention {
            Retention::Forever => None,
            Retention::For(time) => {
                birth.until.map(|until| until.max(ended_at).saturating_add(time))
            }
        }
    }

    /// When somebody has to look at one that ends now.
    pub(super) fn due(&self, birth: &Birth) -> Due {
        let now = self.now();
        self.goes_at(now, birth).map_or(Due::Never, |at| Due::After(at.saturating_sub(now)))
    }

    /// Whether nobody may try any more what belongs to such a transaction: it cannot be confirmed.
    pub(super) fn is_late(&self, until: Option<Moment>) -> bool {
        until.is_some_and(|until| self.now() >= until)
    }

    pub(super) fn now(&self) -> Moment {
        self.clock.now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
    }
}

pub(super) type Shared = Arc<Hub>;
