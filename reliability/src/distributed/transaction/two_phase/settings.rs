use ::core::time::Duration;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::sync::Arc;

use super::core::Timing;
use super::{Resource, TwoPhase};
use crate::error::Invalid;
use crate::journal::{Claim, Journal, StreamId};

/// Settings of a [`TwoPhase`].
///
/// # Examples
///
/// See [`TwoPhase::builder`].
#[derive(Clone)]
#[must_use = "settings do nothing until they are built"]
pub struct TwoPhaseBuilder {
    pub(super) journal: Journal,
    pub(super) kind: String,
    pub(super) owner: String,
    pub(super) timing: Timing,
    pub(super) call: Duration,
    pub(super) deliver: Duration,
    pub(super) grace: Duration,
    pub(super) keep: Duration,
    pub(super) resources: BTreeMap<String, Arc<dyn Resource>>,
    twice: Option<String>,
}

impl TwoPhaseBuilder {
    pub(super) fn on(journal: &Journal) -> Self {
        Self {
            journal: journal.clone(),
            kind: "two_phase".to_string(),
            owner: alloc::format!("{}", std::process::id()),
            timing: Timing::default(),
            call: Duration::from_secs(5),
            deliver: Duration::from_secs(10),
            grace: Duration::from_secs(60),
            keep: Duration::from_secs(24 * 3600),
            resources: BTreeMap::new(),
            twice: None,
        }
    }

    /// What kind of stream its decisions are in: `two_phase`. All coordinators that recover for each
    /// other have the same.
    pub fn kind(mut self, kind: &str) -> Self {
        self.kind = kind.to_string();
        self
    }

    /// Who claims what is to be recovered, for people: the number of the process.
    pub fn owner(mut self, owner: &str) -> Self {
        self.owner = owner.to_string();
        self
    }

    /// A participant that recovery can reach. Name all that any transaction in this journal has, and
    /// none that has transactions in another log: what this one does not know is aborted.
    pub fn resource(mut self, resource: Arc<dyn Resource>) -> Self {
        let name = resource.name().to_string();
        if self.resources.insert(name.clone(), resource).is_some() {
            self.twice = Some(name);
        }
        self
    }

    /// How long it waits for votes: 10 s.
    pub fn votes_within(mut self, limit: Duration) -> Self {
        self.timing.votes = limit;
        self
    }

    /// How long it waits for one answer to a decision: 5 s.
    pub fn answer_within(mut self, limit: Duration) -> Self {
        self.call = limit;
        self
    }

    /// When it repeats what was not answered: after 500 ms.
    pub fn repeat_after(mut self, pause: Duration) -> Self {
        self.timing.repeat = pause;
        self
    }

    /// How long it tries to write a decision, and again to deliver it, before it leaves the rest to
    /// recovery: 10 s.
    pub fn deliver_within(mut self, limit: Duration) -> Self {
        self.deliver = limit;
        self
    }

    /// How long somebody must be in doubt before recovery looks after it, and a decision must be
    /// undelivered: 60 s. Longer than a transaction takes, or recovery meddles with it.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// How long the log remembers a transaction that is over: a day. No coordinator may sleep for
    /// longer between the first vote and the decision, because what is forgotten looks like new.
    pub fn retain(mut self, retain: Duration) -> Self {
        self.keep = retain;
        self
    }

    /// The coordinator.
    ///
    /// # Errors
    ///
    /// A kind that no stream can have, two resources of one name, a time of zero, or a grace of more
    /// than a day.
    pub fn build(self) -> Result<TwoPhase, Invalid> {
        StreamId::new(&self.kind, "1")?;
        if let Some(name) = self.twice {
            let advice = "recovery finds each one by its name";
            return Err(Invalid::new("two_phase", "resource", "of a name of its own", name)
                .with_advice(advice));
        }
        let times = [
            ("votes_within", self.timing.votes),
            ("answer_within", self.call),
            ("repeat_after", self.timing.repeat),
            ("deliver_within", self.deliver),
            ("grace", self.grace),
            ("retain", self.keep),
        ];
        for (setting, time) in times {
            if time < Duration::from_millis(1) {
                let got = alloc::format!("{time:?}");
                return Err(Invalid::new("two_phase", setting, "1 ms or more", got));
            }
        }
        if self.grace > Claim::LONGEST_LEASE {
            let got = alloc::format!("{:?}", self.grace);
            return Err(Invalid::new("two_phase", "grace", "at most a day", got));
        }
        let under_way = self.timing.votes.saturating_add(self.deliver.saturating_mul(2));
        if self.grace <= under_way {
            let expected = "longer than `votes_within` and twice `deliver_within` together";
            let got = alloc::format!("{:?}", self.grace);
            return Err(Invalid::new("two_phase", "grace", expected, got)
                .with_advice("recovery would meddle with transactions that are still under way"));
        }
        Ok(TwoPhase::built(self))
    }
}

impl ::core::fmt::Debug for TwoPhaseBuilder {
    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
        f.debug_struct("TwoPhaseBuilder")
            .field("kind", &self.kind)
            .field("timing", &self.timing)
            .field("grace", &self.grace)
            .field("resources", &self.resources.keys())
            .finish_non_exhaustive()
    }
}
