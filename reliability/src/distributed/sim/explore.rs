use alloc::string::String;
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;
use core::ops::Range;

/// One order of events: all that is random in a [`World`](super::World) follows from its number.
///
/// # Examples
///
/// ```
/// use reliability::distributed::sim::Schedule;
///
/// assert_eq!(Schedule::of(42).seed(), 42);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    seed: u64,
    traced: bool,
}

impl Schedule {
    /// The one of that number.
    pub const fn of(seed: u64) -> Self {
        Self { seed, traced: false }
    }

    /// The same, with every event written down.
    #[must_use]
    pub const fn traced(self) -> Self {
        Self { traced: true, ..self }
    }

    /// Its number.
    pub const fn seed(self) -> u64 {
        self.seed
    }

    /// Whether every event is written down.
    pub const fn is_traced(self) -> bool {
        self.traced
    }
}

/// What must not happen has happened.
///
/// # Examples
///
/// ```
/// use reliability::distributed::sim::Violation;
///
/// let found = Violation::new(7, "two leaders".into(), vec!["a votes".into(), "b votes".into()]);
/// assert_eq!((found.seed(), found.what()), (7, "two leaders"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    seed: u64,
    what: String,
    trace: Vec<String>,
}

impl Violation {
    /// What went wrong in the schedule of that seed, and all that happened in it: for worlds other
    /// than [`World`](super::World).
    pub const fn new(seed: u64, what: String, trace: Vec<String>) -> Self {
        Self { seed, what, trace }
    }

    /// The schedule in which it happens.
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// What has happened.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// All that led there, if that was [written down](Schedule::traced).
    pub fn trace(&self) -> &[String] {
        &self.trace
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.trace {
            writeln!(f, "{line}")?;
        }
        write!(f, "schedule {}: {}", self.seed, self.what)
    }
}

impl Error for Violation {}

/// What [`explore`] has found.
///
/// # Examples
///
/// See [`explore`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[must_use = "it may hold a violation"]
pub struct Explored {
    /// How many schedules were tried.
    pub schedules: usize,
    /// How many of them have a violation.
    pub violations: usize,
    /// The first one, with all that led there.
    pub first: Option<Violation>,
}

impl Explored {
    /// Fails a test when there is a violation, and says how to see it again.
    ///
    /// # Errors
    ///
    /// The first violation, with `command`, in which `{seed}` stands for its schedule.
    pub fn none(self, command: &str) -> Result<usize, String> {
        match self.first {
            None => Ok(self.schedules),
            Some(first) => Err(alloc::format!(
                "{first}\n{} of {} schedules; repeat this one: {}",
                self.violations,
                self.schedules,
                command.replace("{seed}", &alloc::format!("{}", first.seed))
            )),
        }
    }
}

/// Tries all schedules of that range. The first with a violation is gone through again, so that it
/// comes with all that led there.
///
/// # Examples
///
/// ```
/// use reliability::distributed::sim::{Effect, Faults, Node, Schedule, World, explore};
/// use reliability::time::Instant;
///
/// /// Sends once and hopes.
/// struct Hopeful(bool);
///
/// impl Node for Hopeful {
///     type Message = ();
///     type Record = ();
///     fn start(&mut self, _: Instant, _: &[()]) -> Vec<Effect<(), ()>> {
///         vec![Effect::Send { to: 1, message: () }]
///     }
///     fn receive(&mut self, _: Instant, _: usize, (): ()) -> Vec<Effect<(), ()>> {
///         self.0 = true;
///         vec![]
///     }
/// }
///
/// let explored = explore(0..100, |schedule: Schedule| {
///     let faults = Faults { loss: 100, ..Faults::none() };
///     let mut world = World::new(schedule, faults, 2, |_| Hopeful(false));
///     world.run(|_| Ok(()))?;
///     match world.node(1) {
///         Some(Hopeful(true)) => Ok(()),
///         _ => Err(world.violation("node 1 was not told".into())),
///     }
/// });
/// assert!(explored.violations > 0);
/// let told = explored.none("cargo test -- {seed}").unwrap_err();
/// assert!(told.contains("is lost") && told.contains("repeat this one: cargo test -- "));
/// ```
pub fn explore(seeds: Range<u64>, run: impl Fn(Schedule) -> Result<(), Violation>) -> Explored {
    let mut explored = Explored::default();
    for seed in seeds {
        explored.schedules += 1;
        if let Err(violation) = run(Schedule::of(seed)) {
            explored.violations += 1;
            let again = || run(Schedule::of(seed).traced()).err().unwrap_or(violation);
            explored.first.get_or_insert_with(again);
        }
    }
    explored
}
