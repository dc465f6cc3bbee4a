use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use super::log::Log;
use super::{Coordinator, Envelope, Member, Site, ThreePhase, Transport};
use crate::error::Invalid;
use crate::journal::{Journal, StreamId};
use crate::time::{Clock, Instant};

/// Settings of the coordinators and sites of a process.
///
/// # Examples
///
/// See [`ThreePhase::on`].
#[derive(Clone)]
#[must_use = "settings do nothing until a coordinator or a site is made of them"]
pub struct Setup {
    protocol: ThreePhase,
    journal: Journal,
    transport: Arc<dyn Transport>,
    kind: String,
    answer: Duration,
    keep: Duration,
    most: usize,
}

/// What one coordinator or one site works with.
pub(super) struct Hub {
    pub(super) protocol: ThreePhase,
    pub(super) name: String,
    pub(super) log: Log,
    pub(super) transport: Arc<dyn Transport>,
    /// How long a member may take to commit or abort before it is told again.
    pub(super) answer: Duration,
    pub(super) most: usize,
    clock: Clock,
}

impl Hub {
    pub(super) fn now(&self) -> Instant {
        self.clock.now()
    }
}

impl ThreePhase {
    /// Coordinators and sites that write to that journal and talk through that transport. Each
    /// process has both, and may have several of each.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reliability::distributed::transaction::three_phase::{Local, ThreePhase};
    /// use reliability::journal::Journal;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), reliability::error::Invalid> {
    /// let protocol = ThreePhase::assuming_no_partition(Duration::from_millis(200));
    /// let coordinator = protocol
    ///     .on(&Journal::in_memory(), Local::new())
    ///     .retain(Duration::from_secs(3_600))
    ///     .most(100)
    ///     .coordinator("orders")?;
    /// assert_eq!(coordinator.inbox().name(), "orders");
    /// # Ok(())
    /// # }
    /// ```
    pub fn on(self, journal: &Journal, transport: impl Transport) -> Setup {
        Setup {
            protocol: self,
            journal: journal.clone(),
            transport: Arc::new(transport),
            kind: "three_phase".to_string(),
            answer: Duration::from_secs(5),
            keep: Duration::from_secs(24 * 3600),
            most: 1_000,
        }
    }
}

impl Setup {
    /// What the kinds of their streams begin with: `three_phase`, and then a dot and the name.
    pub fn kind(mut self, kind: &str) -> Self {
        self.kind = kind.to_string();
        self
    }

    /// How long a member may take to commit or abort before it is told again: 5 s.
    pub fn answer_within(mut self, limit: Duration) -> Self {
        self.answer = limit;
        self
    }

    /// How long the log remembers a transaction that is over: a day. Nobody may be dead for longer
    /// who was in the middle of one.
    pub fn retain(mut self, retain: Duration) -> Self {
        self.keep = retain;
        self
    }

    /// How many transactions are under way at once, at most: 1,000. What comes beyond is not heard.
    pub fn most(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    /// Who begins transactions, under a name that no site has. Hand its [inbox](Coordinator::inbox)
    /// what comes for it.
    ///
    /// # Errors
    ///
    /// [`Invalid`] for a name that no stream can have, a time of less than a millisecond, or outside
    /// of a tokio runtime.
    pub fn coordinator(&self, name: &str) -> Result<Coordinator, Invalid> {
        Ok(Coordinator::start(self.hub(name)?))
    }

    /// The site of that member, which begins at once with what it finds unfinished in its journal.
    /// Hand its [inbox](Site::inbox) what comes for it.
    ///
    /// There must be one site of a name at a time: two of them would speak with two tongues.
    ///
    /// # Errors
    ///
    /// As of [`coordinator`](Self::coordinator).
    pub fn site(&self, member: impl Member) -> Result<Site, Invalid> {
        let hub = self.hub(member.name())?;
        Ok(Site::start(hub, Arc::new(member)))
    }

    fn hub(&self, name: &str) -> Result<Arc<Hub>, Invalid> {
        let kind = alloc::format!("{}.{name}", self.kind);
        if name.is_empty() || StreamId::new(&kind, "1").is_err() {
            let expected = "1 to 50 of `a-z`, `0-9`, `_`, `-` and `.`";
            return Err(Invalid::new("three_phase", "name", expected, alloc::format!("{name:?}"))
                .with_advice("the journal and the other processes know it by this name"));
        }
        let times = [
            ("round", self.protocol.round()),
            ("answer_within", self.answer),
            ("retain", self.keep),
        ];
        for (setting, time) in times {
            if time < Duration::from_millis(1) {
                let got = alloc::format!("{time:?}");
                return Err(Invalid::new("three_phase", setting, "1 ms or more", got));
            }
        }
        if self.most == 0 {
            return Err(Invalid::new("three_phase", "most", "1 or more", 0));
        }
        if tokio::runtime::Handle::try_current().is_err() {
            let expected = "a tokio runtime around it";
            return Err(Invalid::new("three_phase", "runtime", expected, "none")
                .with_advice("call it inside of `#[tokio::main]`, or enter the runtime before"));
        }
        let log = Log { journal: self.journal.clone(), kind, keep: self.keep };
        let (transport, clock) = (Arc::clone(&self.transport), Clock::precise());
        let Self { protocol, answer, most, .. } = *self;
        Ok(Arc::new(Hub { protocol, name: name.to_string(), log, transport, answer, most, clock }))
    }
}

impl fmt::Debug for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setup")
            .field("protocol", &self.protocol)
            .field("kind", &self.kind)
            .field("retain", &self.keep)
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}

/// Messages that are on their way.
pub(super) struct Post(tokio::task::JoinSet<()>);

impl Post {
    pub(super) fn new() -> Self {
        Self(tokio::task::JoinSet::new())
    }

    /// One that does not answer keeps nobody waiting.
    pub(super) fn send(&mut self, hub: &Arc<Hub>, envelope: Envelope) {
        while self.0.try_join_next().is_some() {}
        let hub = Arc::clone(hub);
        self.0.spawn(async move {
            // What has not arrived after two rounds would not be believed any more.
            let limit = hub.protocol.round() * 2;
            tokio::time::timeout(limit, hub.transport.send(envelope)).await.ok();
        });
    }

    /// All have arrived, or are given up.
    pub(super) async fn empty(&mut self) {
        while self.0.join_next().await.is_some() {}
    }
}
