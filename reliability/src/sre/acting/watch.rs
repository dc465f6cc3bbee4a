use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};

use super::notify::Outbox;
use super::reaction::Reaction;
use super::state::{self, Found, Sections, StateError, StateFile};
use super::{events, reaction};
use crate::error::recovery::Degradation;
use crate::sre::slo::WeakSlo;
use crate::sre::slo::live::Live;
use crate::sre::slo::registry;
use crate::sre::slo::timeline::unix_seconds;
use crate::sre::{Decision, DecisionKind, Notify, Slo};
use crate::sync::Turn;
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::time::{Clock, wall_clock};

/// Looks at promises from time to time: moves their windows, tells what was decided, raises a
/// [`Degradation`] while a budget burns, for the program to do less, and keeps what was counted on disk.
///
/// Looks no more when it is dropped, after one last look.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::sre::{Console, Watch};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("reliability-watch-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// let watch = Watch::builder()
///     .every(Duration::from_secs(5))
///     .state(folder.join("slo.state"))
///     .notify(Console)
///     .start()?;
/// # drop(watch);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "dropped, it looks no more"]
pub struct Watch {
    round: Arc<Turn<Round>>,
    /// As of the last look.
    untold: Arc<AtomicU64>,
    worker: Option<(Sender<()>, JoinHandle<()>)>,
}

/// Settings of a [`Watch`] that is yet to be started.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::error::recovery::Degradation;
/// use reliability::sre::{Console, Definition, Objective, Slo, Target, Watch, Window};
/// use reliability::time::Clock;
///
/// let answered = Objective::availability(Target::percent("99.9"));
/// let search = Slo::new(Definition::new("search", Window::days(30)).objective(answered))?;
/// let overloaded = Degradation::standard("search");
/// let watch = Watch::builder()
///     .every(Duration::from_secs(10))
///     .only([search.clone()])
///     .notify(Console)
///     .degrade(search.clone(), overloaded.clone())
///     .clock(Clock::coarse())
///     .by_hand()?;
/// search.record(true);
/// assert!(watch.look()?.is_empty());
/// assert!(!overloaded.is_degraded());
/// assert_eq!(watch.untold(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a builder does nothing until `start()`"]
pub struct WatchBuilder {
    every: Duration,
    state: Option<PathBuf>,
    only: Option<Vec<Slo>>,
    outboxes: Vec<Outbox>,
    reactions: Vec<Reaction>,
    clock: Clock,
}

/// All that is done in one look.
#[derive(Debug)]
struct Round {
    only: Option<Vec<Slo>>,
    seen: Vec<Seen>,
    outboxes: Vec<Outbox>,
    untold: Arc<AtomicU64>,
    reactions: Vec<Reaction>,
    file: Option<StateFile>,
    sections: Sections,
    /// What was wrong with the file, for those who come to ask for their history.
    broken: Option<String>,
    clock: Clock,
    every: Duration,
}

/// A promise that was looked at.
#[derive(Debug)]
struct Seen {
    slo: WeakSlo,
    /// How many of its decisions were told.
    told: u64,
    /// Whether the state file holds what it has counted: not if another one of its name is there.
    kept: bool,
}

impl Watch {
    /// Begins with the defaults: looks at all promises of the process every 5 seconds, and keeps
    /// nothing on disk.
    pub fn builder() -> WatchBuilder {
        WatchBuilder {
            every: Duration::from_secs(5),
            state: None,
            only: None,
            outboxes: Vec::new(),
            reactions: Vec::new(),
            clock: Clock::precise(),
        }
    }

    /// Looks now; what was decided since the last look. Who is told of it and looks again, on the
    /// same thread, finds nothing.
    ///
    /// # Errors
    ///
    /// [`StateError`] when the state could not be written: what was counted since it last was is lost
    /// if the process ends. All else was done.
    pub fn look(&self) -> Result<Vec<Decision>, StateError> {
        self.round.take(Round::look).unwrap_or_else(|| Ok(Vec::new()))
    }

    /// How many decisions could not be passed on to whom they were for.
    pub fn untold(&self) -> u64 {
        self.untold.load(Ordering::Relaxed)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some((stop, worker)) = self.worker.take() {
            drop(stop);
            // It has told what was wrong, and panics of others it has caught. It is not waited for
            // where it drops this itself, from what it tells.
            if worker.thread().id() != thread::current().id() {
                drop(worker.join());
            }
        } else if let Err(error) = self.look() {
            events::not_written(&alloc::format!("{error}"));
        }
    }
}

impl WatchBuilder {
    /// How often it looks: 1 second to 1 minute, the nearer end otherwise. Default: 5 seconds.
    ///
    /// Events are placed at the look that finds them, and what was counted since the last one is what
    /// a killed process loses.
    pub fn every(mut self, every: Duration) -> Self {
        self.every = every.clamp(Duration::from_secs(1), Duration::from_secs(60));
        self
    }

    /// Keeps what was counted in that file, which is made anew when there is none.
    ///
    /// Each process needs one of its own; the folder must exist.
    pub fn state(mut self, path: impl Into<PathBuf>) -> Self {
        self.state = Some(path.into());
        self
    }

    /// Looks at these and at no others.
    pub fn only(mut self, slos: impl IntoIterator<Item = Slo>) -> Self {
        self.only = Some(slos.into_iter().collect());
        self
    }

    /// Tells what was decided. May be given several times.
    pub fn notify(mut self, to: impl Notify + 'static) -> Self {
        self.outboxes.push(Outbox::new(Arc::new(to)));
        self
    }

    /// Raises the degradation while the budget of that promise burns: to level 1 while a page fires, to
    /// level 2 while a page fires and so little is left that releases are rolled back. Lifts it when no
    /// page fires any more.
    ///
    /// A budget that is used up and does not burn degrades nothing: it may stay so for weeks, in which
    /// calls would be kept out that go well.
    ///
    /// What is done less of is said by those who follow the switch: `degrade(when = ..)` of
    /// `#[resilient(..)]`, [`Degrade`](crate::resilience::Degrade) of a policy, or code that asks for the
    /// level. Calls that policies keep out because of it are
    /// [excluded](Slo::outcome_of) from this promise, or it would burn on for what it does itself.
    ///
    /// It stays raised from look to look, also where its own time is shorter, and ends in that time if
    /// nobody looks any more. Of several promises that raise the same switch the one that burns most
    /// counts. What others raise higher than that is theirs to lift.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::error::recovery::{Degradation, DegradationBuilder};
    /// use reliability::sre::{Slo, Watch};
    ///
    /// static CHECKOUT: Slo = reliability::slo! { name: "checkout", availability: 99.9 };
    /// static CHEAPER: Degradation = DegradationBuilder::declared("cheaper").levels(2).declare();
    ///
    /// let watch = Watch::builder().degrade(CHECKOUT.clone(), CHEAPER.clone()).by_hand()?;
    /// watch.look()?;
    /// assert!(!CHEAPER.is_degraded(), "nothing burns");
    /// # Ok::<(), reliability::sre::StateError>(())
    /// ```
    pub fn degrade(mut self, slo: Slo, degradation: Degradation) -> Self {
        slo.note_raised(degradation.name());
        self.reactions.push(Reaction::new(slo, degradation));
        self
    }

    /// The clock that times what is told again. Default: [`Clock::precise`].
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Looks by itself from now on, on a thread of its own.
    ///
    /// # Errors
    ///
    /// [`StateError`] when the state file cannot be used, or the thread cannot be made. A file whose
    /// content is broken is no error: it is kept aside, counting begins anew, and each promise says so
    /// in its history.
    pub fn start(self) -> Result<Watch, StateError> {
        let every = self.every;
        let mut watch = self.by_hand()?;
        let (stop, stopped) = channel();
        let round = Arc::clone(&watch.round);
        let look = move || {
            loop {
                let over = stopped.recv_timeout(every) != Err(RecvTimeoutError::Timeout);
                if let Some(Err(error)) = round.take(Round::look) {
                    events::not_written(&alloc::format!("{error}"));
                }
                if over {
                    return;
                }
            }
        };
        let worker = thread::Builder::new().name("reliability-slo".into()).spawn(look);
        watch.worker = Some((stop, worker.map_err(StateError::no_thread)?));
        Ok(watch)
    }

    /// Looks when it is [told to](Watch::look): for simulations, tests, and who has a timer already.
    ///
    /// # Errors
    ///
    /// As [`start`](WatchBuilder::start).
    pub fn by_hand(self) -> Result<Watch, StateError> {
        let Self { every, state, only, outboxes, reactions, clock } = self;
        let mut round = Round {
            only,
            seen: Vec::new(),
            outboxes,
            untold: Arc::default(),
            reactions,
            file: None,
            sections: Sections::default(),
            broken: None,
            clock,
            every,
        };
        if let Some(path) = state {
            let (file, found) = StateFile::open(&path, unix_seconds(wall_clock()))?;
            round.file = Some(file);
            match found {
                Found::Nothing => {}
                Found::Sections(sections) => round.sections = sections,
                Found::Broken { why } => round.broken = Some(why),
            }
        }
        round.meet();
        let untold = Arc::clone(&round.untold);
        Ok(Watch { round: Arc::new(Turn::new(round)), untold, worker: None })
    }
}

impl Round {
    fn look(&mut self) -> Result<Vec<Decision>, StateError> {
        self.meet();
        let mut decisions = Vec::new();
        for seen in &mut self.seen {
            let Some(slo) = &seen.slo.upgrade() else { continue };
            let mut live = slo.live().lock();
            let status = live.step(slo);
            let news = live.decisions_after(seen.told);
            seen.told = live.decided();
            if self.file.is_some() && seen.kept {
                let section = state::encode(slo.definition(), &live.engine, &live.memories);
                self.sections.put(slo.name(), section);
            }
            drop(live);
            decisions.extend(news);
            for reaction in self.reactions.iter_mut().filter(|reaction| reaction.is_for(slo)) {
                reaction.note(&status);
            }
        }
        // Two looks may be late, or fail.
        reaction::hold(&mut self.reactions, self.every * 3);
        // First to disk, then to people, who may keep us waiting.
        let written = self.file.as_ref().map_or(Ok(()), |file| file.write(&self.sections));
        self.tell(&decisions);
        written.map(|()| decisions)
    }

    fn tell(&mut self, decisions: &[Decision]) {
        for decision in decisions {
            events::decided(decision);
            let shared = Arc::new(decision.clone());
            self.outboxes.iter_mut().for_each(|outbox| outbox.put(Arc::clone(&shared)));
        }
        self.outboxes.iter_mut().for_each(|outbox| outbox.send(self.clock.now()));
        self.untold.store(self.outboxes.iter().map(Outbox::dropped).sum(), Ordering::Relaxed);
    }

    /// Gives those that were not there before what is known of them, and forgets those that are gone.
    fn meet(&mut self) {
        let slos = self.only.clone().unwrap_or_else(registry::all);
        let known: Vec<Slo> = self.seen.iter().filter_map(|seen| seen.slo.upgrade()).collect();
        self.seen.retain(|seen| seen.slo.upgrade().is_some_and(|slo| slos.contains(&slo)));
        for (at, slo) in slos.iter().enumerate().filter(|(_, slo)| !known.contains(slo)) {
            let others = known.iter().chain(slos.iter().take(at));
            let kept = others.into_iter().all(|other| other.name() != slo.name());
            let mut live = slo.live().lock();
            let told = live.decided();
            let lost = if kept {
                self.remember(slo, &mut live)
            } else {
                self.file.as_ref().map(|_| "another SLO has the same name".into())
            };
            if let Some(why) = lost {
                live.decide(slo.name(), DecisionKind::Lost(why));
            }
            drop(live);
            self.seen.push(Seen { slo: slo.downgrade(), told, kept });
        }
    }

    /// What an earlier process has counted; the answer says why that is lost.
    fn remember(&self, slo: &Slo, live: &mut Live) -> Option<String> {
        let Some(section) = self.sections.find(slo.name()) else { return self.broken.clone() };
        match state::decode(slo.definition(), section) {
            Some((engine, memories)) => {
                live.resume(slo.definition(), engine, memories);
                None
            }
            None => Some("its part of the state file makes no sense".into()),
        }
    }
}

impl fmt::Debug for WatchBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchBuilder")
            .field("every", &self.every)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
