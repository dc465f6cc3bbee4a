use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use tokio::task::JoinSet;

use super::bus::{Bus, BusError, Group};
use super::desk::{Desk, Room, START};
use super::engine::Choreographed;
use super::entry::Entry;
use super::participant::{Member, Participants as _};
use super::plan::Wiring;
use super::starter;
use super::wiring::Choreography;
use super::work;
use crate::distributed::transaction::saga::Saga;
use crate::error::Invalid;
use crate::journal::{Claim, Journal};
use crate::time::WallClock;

/// The settings of a [`Choreographed`].
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/distributed/transaction/choreography/example.rs"));
/// # use shop::*;
/// use std::time::Duration;
/// use reliability::distributed::transaction::choreography::ChoreographedBuilder;
/// # use reliability::distributed::transaction::choreography::bus::JournalBus;
/// # use reliability::journal::Journal;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (journal, participants) = (Journal::in_memory(), (Warehouse, Card));
/// // The same as `Orders::on(..)`:
/// let orders = ChoreographedBuilder::<Orders>::new(&journal, JournalBus::on(&journal), participants)
///     .most(8)
///     .retain(Duration::from_secs(30 * 86_400))
///     .start()
///     .await?;
/// assert_eq!(orders.wiring().name(), "place_order");
/// # Ok(())
/// # }
/// ```
#[must_use = "a builder does nothing until `start`"]
pub struct ChoreographedBuilder<C: Choreography> {
    journal: Journal,
    bus: Arc<dyn Bus>,
    here: C::Here,
    clock: WallClock,
    lease: Duration,
    poll: Duration,
    most: usize,
    retention: Option<Duration>,
    starts: bool,
}

impl<C: Choreography> ChoreographedBuilder<C> {
    /// Those participants, on that journal and that bus.
    pub fn new(journal: &Journal, bus: impl Bus, here: C::Here) -> Self {
        let (journal, bus) = (journal.clone(), Arc::new(bus));
        let (lease, poll) = (Duration::from_secs(30), Duration::from_secs(1));
        let (most, retention, starts) = (32, None, true);
        let clock = WallClock::system();
        Self { journal, bus, here, clock, lease, poll, most, retention, starts }
    }

    /// How long nobody else works at a transaction that a worker has; 10 ms to a day, 30 seconds by
    /// default.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// How often to look for work that the journal does not tell of; 1 ms to a minute, a second by
    /// default.
    pub fn poll(mut self, poll: Duration) -> Self {
        self.poll = poll;
        self
    }

    /// At how many transactions each participant works at once, 1 to 10,000; 32 by default.
    pub fn most(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    /// How long what is over is kept; for ever by default. What comes after that is taken for new, so
    /// it must be longer than any event may be under way, any participant away, and any handler
    /// [parked](Choreographed::parked).
    pub fn retain(mut self, time: Duration) -> Self {
        self.retention = Some(time);
        self
    }

    /// This process starts no transactions: who does is another one, with a journal of its own.
    pub fn participants_only(mut self) -> Self {
        self.starts = false;
        self
    }

    /// The clock that says when to try again.
    pub fn clock(mut self, clock: &WallClock) -> Self {
        self.clock = clock.clone();
        self
    }

    /// Declares the groups of all participants, those of other processes included, and begins.
    ///
    /// # Errors
    ///
    /// [`BusError::Invalid`] when a setting or a name makes no sense, and what the bus can meet with.
    ///
    /// # Cancel safety
    ///
    /// Nothing has begun when it is dropped; groups may have been declared.
    pub async fn start(self) -> Result<Choreographed<C>, BusError> {
        let (wiring, poll, most) = (Wiring::of::<C>(), self.poll, self.most);
        let span = Duration::from_millis(10)..=Claim::LONGEST_LEASE;
        check("lease", "10 ms to a day", span.contains(&self.lease), self.lease)?;
        let span = Duration::from_millis(1)..=Duration::from_secs(60);
        check("poll", "1 ms to a minute", span.contains(&poll), poll)?;
        check("most", "1 to 10000", (1..=Claim::MOST).contains(&most), most)?;
        let topic = wiring.name();
        let members = self.here.members();
        check_names(&wiring, &members)?;
        for name in wiring.participants() {
            self.bus.declare(Group::of(topic, name)?).await?;
        }
        let room = Arc::new(Room {
            journal: self.journal,
            bus: self.bus,
            wiring,
            clock: self.clock,
            owner: alloc::format!("{}-{:08x}", std::process::id(), fastrand::u32(..)),
            lease: self.lease,
            retention: self.retention,
            #[cfg(test)]
            planted: None,
        });
        let start = Arc::new(Desk::new(&room, START, Vec::new())?);
        let mut desks = Vec::new();
        for member in members {
            desks.push(Arc::new(Desk::new(&room, member.name, member.handlers)?));
        }
        let names = desks.iter().map(|desk| desk.name).collect();
        if self.starts {
            desks.push(Arc::clone(&start));
        }
        let mut tasks = JoinSet::new();
        for desk in desks {
            let group = match desk.name {
                START => starter::group(&room.journal, topic).await?,
                name => Group::of(topic, name)?,
            };
            let subscription = room.bus.subscribe(group).await?;
            tasks.spawn(work::take(Arc::clone(&desk), subscription));
            tasks.spawn(work::work(desk, poll, most));
        }
        Ok(Choreographed::new(room, start, names, self.starts, tasks))
    }
}

/// What the journal and the bus would not take, which is too late when it has happened already.
fn check_names<D: Saga>(wiring: &Wiring, members: &[Member<D>]) -> Result<(), Invalid> {
    for name in wiring.participants() {
        let own = name != START && !name.starts_with(starter::PREFIX);
        check("participant", "another name than `start` and what begins with `start.`", own, name)?;
    }
    const { assert!(Entry::LONGEST_TASK == 120, "it is what is said below") };
    let too_long = |name: &&str| name.len() > Entry::LONGEST_TASK;
    let said = |setting, expected, name: &str| {
        let got = alloc::format!("{} bytes, `{name}`", name.len());
        Invalid::new("choreography", setting, expected, got)
            .with_advice("the journal writes what became of it in front of its name: shorten it")
    };
    if let Some(event) = wiring.events().find(too_long) {
        return Err(said("event", "an event with a name of at most 120 bytes", event));
    }
    // The handlers that make no event, and so are known by names of their own.
    let links = || members.iter().flat_map(|member| &member.handlers).map(|handler| handler.link);
    let listeners = || links().filter(|link| link.makes.is_none()).map(|link| link.handler);
    if let Some(handler) = listeners().find(too_long) {
        return Err(said("handler", "a handler with a name of at most 120 bytes", handler));
    }
    for handler in listeners() {
        let own = wiring.place(handler).is_none();
        check("handler", "another name than an event, of one that makes none", own, handler)?;
    }
    Ok(())
}

pub(super) fn check(
    setting: &'static str,
    expected: &'static str,
    holds: bool,
    got: impl fmt::Debug,
) -> Result<(), Invalid> {
    match holds {
        true => Ok(()),
        false => Err(Invalid::new("choreography", setting, expected, alloc::format!("{got:?}"))),
    }
}

impl<C: Choreography> fmt::Debug for ChoreographedBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChoreographedBuilder")
            .field("name", &<C::Events as Saga>::DEFINITION.name())
            .field("lease", &self.lease)
            .finish_non_exhaustive()
    }
}
