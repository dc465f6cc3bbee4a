//! A saga through every crash there is.

mod faults;
mod run;
mod store;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::bodies::{Kind, Of};
use super::end::{End, EndOf};
use crate::distributed::transaction::saga::Saga;

use faults::Faults;
use run::{Ran, run};

/// Runs a saga through every crash there is, and asks after each whether all is as it must be.
///
/// A run is crashed at every place where it can be: at each `.await` of each step, probe and undo,
/// before each write to the journal, and behind it before the worker learns of it; at one place, and
/// at two. Answers are lost, of calls that were made and of calls that were not; somebody cancels at
/// every place; undos fail. Each time it is carried on from what the journal says, on a clock that
/// jumps over all pauses.
///
/// It has to come to an end, and the check has to hold there: a complete order or none at all, no
/// card charged twice. What the steps share is made anew for each run, and plays the world outside.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/distributed/transaction/saga/example.rs"));
/// # use shop::*;
/// use std::sync::Arc;
/// use reliability::distributed::transaction::saga::{CrashTest, Crashes, End};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let order = || Order { article: "tea".into() };
/// let crashes: Crashes = CrashTest::<PlaceOrder>::of(order)
///     .without_cancelling()
///     .run(|| Arc::new(()), |_world, end| assert!(matches!(end, End::Completed(_))))
///     .await;
/// assert!(crashes.runs > crashes.places && crashes.completed == crashes.runs, "{crashes}");
/// # }
/// ```
#[must_use = "a test does nothing until it is run"]
pub struct CrashTest<D: Saga> {
    input: Box<dyn Fn() -> D::Input>,
    signals: Vec<(usize, Vec<u8>)>,
    cancels: bool,
    nested: Vec<(&'static str, Made<D>)>,
}

/// A nested saga, with what its steps share made of what those of the one around it do.
type Made<D> = Box<dyn Fn(&Arc<<D as Saga>::Shared>) -> Arc<dyn Kind>>;

/// What a [`CrashTest`] has gone through.
///
/// # Examples
///
/// See [`CrashTest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Crashes {
    /// Places where a run without faults can crash.
    pub places: usize,
    /// Runs, each with another fault.
    pub runs: usize,
    /// Runs that were completed.
    pub completed: usize,
    /// Runs that were rolled back.
    pub rolled_back: usize,
}

impl<D: Saga> fmt::Debug for CrashTest<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let saga = D::DEFINITION.name();
        f.debug_struct("CrashTest")
            .field("saga", &saga)
            .field("cancels", &self.cancels)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Crashes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { places, runs, completed, rolled_back } = self;
        write!(
            f,
            "{runs} runs with faults at {places} places: {completed} completed, {rolled_back} rolled back"
        )
    }
}

impl<D: Saga> CrashTest<D> {
    /// A test of runs that are started with that.
    pub fn of(input: impl Fn() -> D::Input + 'static) -> Self {
        Self { input: Box::new(input), signals: Vec::new(), cancels: true, nested: Vec::new() }
    }

    /// That signal is given to each run from the start.
    ///
    /// # Panics
    ///
    /// When the signal cannot be written.
    pub fn signal(mut self, signal: &D) -> Self {
        let output = signal.write().unwrap_or_else(|error| panic!("the signal: {error}"));
        self.signals.push((signal.place(), output));
        self
    }

    /// What the steps of a nested saga share, made of what those of this one do. Sagas that share
    /// the same need not be named.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/distributed/transaction/saga/nested_example.rs"));
    /// # use trade::*;
    /// # use reliability::distributed::transaction::saga::CrashTest;
    /// # fn main() {
    /// # fn order() -> Order { Order { article: "tea".into(), to: "Ada".into() } }
    /// let test = CrashTest::<PlaceOrder>::of(order).nested::<Ship>(|shop| shop.clone());
    /// # let _ = test;
    /// # }
    /// ```
    pub fn nested<C: Saga>(
        mut self,
        shared: impl Fn(&Arc<D::Shared>) -> Arc<C::Shared> + 'static,
    ) -> Self {
        let made = move |of: &Arc<D::Shared>| Arc::new(Of::<C>::new(shared(of))) as Arc<dyn Kind>;
        self.nested.push((C::DEFINITION.name(), Box::new(made)));
        self
    }

    /// Nobody cancels.
    pub fn without_cancelling(mut self) -> Self {
        self.cancels = false;
        self
    }

    /// Runs it. The check gets what the steps have shared, and how the run has ended.
    ///
    /// # Panics
    ///
    /// When a run does not end, is stuck, or the check panics; the message says with which fault.
    pub async fn run(
        self,
        mut world: impl FnMut() -> Arc<D::Shared>,
        mut check: impl FnMut(&D::Shared, &EndOf<D>),
    ) -> Crashes {
        let mut seen = Crashes { places: 0, runs: 0, completed: 0, rolled_back: 0 };
        let smooth = self.one(Faults::default(), &mut world, &mut check, &mut seen).await;
        seen.places = smooth.places;
        for place in 0..smooth.places {
            let crash = Faults { crash: Some(place), ..Faults::default() };
            self.one(crash, &mut world, &mut check, &mut seen).await;
            for again in 0..smooth.places {
                let twice = Faults { again: Some(again), ..crash };
                self.one(twice, &mut world, &mut check, &mut seen).await;
            }
            if self.cancels {
                let cancel = Faults { cancel: Some(place), ..Faults::default() };
                let run = self.one(cancel, &mut world, &mut check, &mut seen).await;
                for crash in 0..run.places {
                    let both = Faults { crash: Some(crash), ..cancel };
                    self.one(both, &mut world, &mut check, &mut seen).await;
                }
                self.failing(cancel, run.attempts, &mut world, &mut check, &mut seen).await;
            }
        }
        self.failing(Faults::default(), smooth.attempts, &mut world, &mut check, &mut seen).await;
        seen
    }

    /// Each attempt fails in each way.
    async fn failing(
        &self,
        with: Faults,
        attempts: usize,
        world: &mut impl FnMut() -> Arc<D::Shared>,
        check: &mut impl FnMut(&D::Shared, &EndOf<D>),
        seen: &mut Crashes,
    ) {
        for attempt in 0..attempts {
            self.one(Faults { lost: Some(attempt), ..with }, world, check, seen).await;
            self.one(Faults { dropped: Some(attempt), ..with }, world, check, seen).await;
        }
    }

    async fn one(
        &self,
        faults: Faults,
        world: &mut impl FnMut() -> Arc<D::Shared>,
        check: &mut impl FnMut(&D::Shared, &EndOf<D>),
        seen: &mut Crashes,
    ) -> Ran {
        let shared = world();
        // The check's own message says what is wrong; this one says where.
        let told = Told(faults);
        let (ran, end) = match run::<D>(self, faults, &shared).await {
            Ok(ran) => ran,
            Err(what) => panic!("{what}; with {faults:?}"),
        };
        check(&shared, &end);
        core::mem::forget(told);
        seen.runs += 1;
        match end {
            End::Completed(_) => seen.completed += 1,
            End::RolledBack(_) => seen.rolled_back += 1,
            End::Stuck { step, reason, .. } => {
                panic!("`{step}` is stuck: {reason}; with {faults:?}")
            }
            End::Abandoned { .. } => {}
        }
        ran
    }
}

/// Says with which faults a check has failed.
struct Told(Faults);

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            std::eprintln!("the check does not hold with {:?}", self.0);
        }
    }
}
