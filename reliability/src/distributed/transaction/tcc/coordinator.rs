use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use super::hub::{Hub, Shared};
use super::participant::{Entry, Tcc};
use crate::distributed::transaction::Retention;
use crate::error::Invalid;
use crate::journal::Journal;
use crate::time::WallClock;

/// Begins transactions, and ends those that somebody has left behind. Cheap to clone.
///
/// # Examples
///
/// See the [module](super).
#[derive(Clone)]
pub struct Coordinator(pub(super) Shared);

/// Makes a [`Coordinator`].
///
/// # Examples
///
/// ```
/// # use reliability::distributed::transaction::tcc::{Cx, Tcc, Transient};
/// # struct Seats;
/// # impl Tcc for Seats {
/// #     const NAME: &'static str = "seats";
/// #     type Input = u32;
/// #     type Refused = String;
/// #     async fn reserve(&self, _: &Cx, _: &u32) -> Result<(), String> { Ok(()) }
/// #     async fn confirm(&self, _: &Cx, _: &u32) -> Result<(), Transient> { Ok(()) }
/// #     async fn cancel(&self, _: &Cx, _: &u32) -> Result<(), Transient> { Ok(()) }
/// # }
/// use std::time::Duration;
/// use reliability::distributed::transaction::tcc::Coordinator;
/// use reliability::journal::Journal;
///
/// let coordinator = Coordinator::on(&Journal::in_memory())
///     .participant(Seats)
///     .expires(Duration::from_secs(60))
///     .patience(Duration::from_secs(5))
///     .owner("shop-1")
///     .build()?;
/// # let _ = coordinator;
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[must_use = "a builder does nothing until `build()`"]
pub struct CoordinatorBuilder {
    journal: Journal,
    clock: WallClock,
    owner: String,
    participants: BTreeMap<&'static str, Entry>,
    expires: Duration,
    patience: Duration,
    attempts: u32,
    retention: Retention,
    twice: Option<&'static str>,
}

const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(86_400);

impl Coordinator {
    /// One whose transactions are in that journal.
    pub fn on(journal: &Journal) -> CoordinatorBuilder {
        CoordinatorBuilder {
            journal: journal.clone(),
            clock: WallClock::system(),
            owner: alloc::format!("process-{}", std::process::id()),
            participants: BTreeMap::new(),
            expires: Duration::from_secs(30),
            patience: Duration::from_secs(10),
            attempts: 100,
            retention: Retention::Forever,
            twice: None,
        }
    }
}

impl CoordinatorBuilder {
    /// Who may take part. All processes on one journal are to know the same participants: a
    /// transaction is ended by whichever of them is alive. One that is shared with others is handed
    /// over as `participant::<Seats>(Arc::clone(&seats))`.
    pub fn participant<P: Tcc>(mut self, participant: impl Into<Arc<P>>) -> Self {
        if self.participants.insert(P::NAME, Entry::of(participant.into())).is_some() {
            self.twice = Some(P::NAME);
        }
        self
    }

    /// How long a transaction may stay undecided before it is cancelled, by whoever notices; 100 ms
    /// to a day, 30 seconds by default. So long is what is reserved kept from others if this process
    /// dies.
    pub fn expires(mut self, after: Duration) -> Self {
        self.expires = after;
        self
    }

    /// How long a participant may take to confirm or cancel before it is asked again; 100 ms to a
    /// day, 10 seconds by default. When a process dies while it carries through what was decided,
    /// another one takes that over after twice as long.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// How often a participant is told in vain to confirm or cancel, with pauses up to a minute, before
    /// its transaction is *stuck* and waits for an [operator](super::Operator); 1 or more, 100 by
    /// default, which is an hour and a half.
    pub fn stuck_after(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// What becomes of transactions that are over; they stay by default. With [`Retention::For`],
    /// whoever [recovers](Coordinator::recover) removes their records when their time has come.
    ///
    /// None that is gone is taken for one that never was: see [what is
    /// guaranteed](super#what-is-forgotten). Say the same in all processes, and make it longer than the clocks of two processes may differ,
    /// and, where participants are transactions of their own, than all processes of the outer
    /// coordinator may be away at once.
    ///
    /// # Examples
    ///
    /// ```
    /// # use reliability::distributed::transaction::tcc::{Cx, Tcc, Transient};
    /// # struct Seats;
    /// # impl Tcc for Seats {
    /// #     const NAME: &'static str = "seats";
    /// #     type Input = u32;
    /// #     type Refused = String;
    /// #     async fn reserve(&self, _: &Cx, _: &u32) -> Result<(), String> { Ok(()) }
    /// #     async fn confirm(&self, _: &Cx, _: &u32) -> Result<(), Transient> { Ok(()) }
    /// #     async fn cancel(&self, _: &Cx, _: &u32) -> Result<(), Transient> { Ok(()) }
    /// # }
    /// use std::time::Duration;
    /// use reliability::distributed::transaction::tcc::{Coordinator, Retention};
    /// use reliability::journal::Journal;
    ///
    /// let week = Retention::For(Duration::from_secs(7 * 86_400));
    /// let coordinator = Coordinator::on(&Journal::in_memory()).participant(Seats).retain(week).build()?;
    /// # let _ = coordinator;
    /// # Ok::<(), reliability::resilience::Invalid>(())
    /// ```
    pub fn retain(mut self, retention: Retention) -> Self {
        self.retention = retention;
        self
    }

    /// By which name the journal shows this process.
    pub fn owner(mut self, owner: impl Into<String>) -> Self {
        self.owner = owner.into();
        self
    }

    /// The clock by which reservations expire: [`WallClock::system`], or a manual one in tests.
    pub fn clock(mut self, clock: &WallClock) -> Self {
        self.clock = clock.clone();
        self
    }

    /// The coordinator.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when there is no participant, two have one name, or a time is out of its range.
    ///
    /// # Examples
    ///
    /// See [`CoordinatorBuilder`].
    pub fn build(self) -> Result<Coordinator, Invalid> {
        if self.participants.is_empty() {
            return Err(Invalid::new("tcc", "participants", "at least one", "none")
                .with_advice("say who takes part with `.participant(..)`"));
        }
        if let Some(name) = self.twice {
            let expected = "a name of its own for each participant";
            return Err(Invalid::new("tcc", "participants", expected, name)
                .with_advice("name one of them with `#[tcc(name = \"..\")]`"));
        }
        for (what, time) in [("expires", self.expires), ("patience", self.patience)] {
            if !(SHORTEST..=LONGEST).contains(&time) {
                let got = alloc::format!("{time:?}");
                return Err(Invalid::new("tcc", what, "100 ms to a day", got));
            }
        }
        if self.attempts == 0 {
            return Err(Invalid::new("tcc", "stuck_after", "1 or more", 0).with_advice(
                "a participant that fails is told again; leave it out for 100 times",
            ));
        }
        let Self { journal, clock, owner, participants, .. } = self;
        let Self { expires, patience, attempts, retention, .. } = self;
        let hub =
            Hub { journal, clock, owner, participants, expires, patience, attempts, retention };
        Ok(Coordinator(Arc::new(hub)))
    }
}

impl fmt::Debug for Coordinator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coordinator")
            .field("owner", &self.0.owner)
            .field("participants", &self.0.participants.keys())
            .field("expires", &self.0.expires)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for CoordinatorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CoordinatorBuilder")
            .field("owner", &self.owner)
            .field("participants", &self.participants.keys())
            .finish_non_exhaustive()
    }
}
