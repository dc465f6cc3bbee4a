use core::{fmt, marker::PhantomData};

use super::{Initial, Packed, PackedMachine, ReachableFrom, Snapshot, State};
use crate::sync::atomic::{AtomicU64, Ordering};

/// A lock-free cell that holds a machine, and goes along declared transitions only.
///
/// For machines that are declared `#[machine(atomic)]`. State, data and generation share one 64-bit
/// word (see [`Snapshot`]). So a reader never sees the state of one moment with the data of
/// another; and the data needs no lock of its own, which is why this is not a mutex around the
/// enum, and not an atomic number beside the data.
///
/// Every change names what it has seen. When that is not there any more, nothing happens, and the
/// answer is what is there instead.
///
/// # Examples
///
/// It can live in a `static`:
///
/// ```
/// use reliability::state::{AtomicMachine, StateMachine};
///
/// #[derive(StateMachine)]
/// #[machine(name = "gate", derive(Debug, PartialEq), atomic)]
/// enum Gate {
///     #[state(initial, to(Open))]
///     Shut,
///     #[state(to(Shut))]
///     Open { visitors: u32 },
/// }
///
/// static GATE: AtomicMachine<Gate> = AtomicMachine::new();
///
/// let shut = GATE.load();
/// let open = GATE.transition::<gate::Shut, _>(shut, gate::Open { visitors: 0 }).unwrap();
///
/// // Within a visit to a state its data may change.
/// let visited = GATE.update(open, gate::Open { visitors: 1 }).unwrap();
/// assert_eq!(visited.get(), Some(gate::Open { visitors: 1 }));
///
/// // Who saw what is gone has lost the race, and learns what won.
/// let found = GATE.transition::<gate::Shut, _>(shut, gate::Open { visitors: 9 }).unwrap_err();
/// assert_eq!(found, visited);
///
/// // Two visits to one state are not the same.
/// let shut_again = GATE.transition::<gate::Open, _>(found, gate::Shut).unwrap();
/// assert!(shut_again.is::<gate::Shut>() && shut_again != shut);
/// ```
///
/// A transition that is not declared does not compile:
///
/// ```compile_fail,E0277
/// # use reliability::state::{AtomicMachine, StateMachine};
/// # #[derive(StateMachine)]
/// # #[machine(name = "gate", atomic)]
/// # enum Gate {
/// #     #[state(initial, to(Open))]
/// #     Shut,
/// #     #[state(to(Shut))]
/// #     Open { visitors: u32 },
/// # }
/// # static GATE: AtomicMachine<Gate> = AtomicMachine::new();
/// let open = GATE.load();
/// GATE.transition::<gate::Open, _>(open, gate::Open { visitors: 0 });
/// ```
pub struct AtomicMachine<M> {
    word: AtomicU64,
    // `fn() -> M`, so that it crosses threads whatever `M` is: there is no `M` in it.
    machine: PhantomData<fn() -> M>,
}

impl<M: PackedMachine> AtomicMachine<M> {
    /// The machine in its initial state, with the data that [`Packed::from_bits`] makes of zero:
    /// `0`, `false`, `None`, the first variant.
    #[cfg(not(reliability_loom))]
    #[must_use]
    pub const fn new() -> Self {
        Self { word: AtomicU64::new(Snapshot::<M>::initial(0).word()), machine: PhantomData }
    }

    /// The same for loom, whose atomics cannot be made in a constant.
    #[cfg(reliability_loom)]
    #[must_use]
    pub fn new() -> Self {
        Self::from_snapshot(Snapshot::initial(0))
    }

    /// The machine in its initial state, with this data.
    ///
    /// # Examples
    ///
    /// ```
    /// # use reliability::state::{AtomicMachine, StateMachine};
    /// # #[derive(StateMachine)]
    /// # #[machine(name = "lamp", derive(Debug, PartialEq), atomic)]
    /// # enum Lamp {
    /// #     #[state(initial, to(On))]
    /// #     Off { times: u16 },
    /// #     #[state(to(Off))]
    /// #     On,
    /// # }
    /// let lamp = AtomicMachine::<Lamp>::with(lamp::Off { times: 3 });
    /// assert_eq!(lamp.load().get(), Some(lamp::Off { times: 3 }));
    /// ```
    #[must_use]
    pub fn with(initial: impl State<M> + Initial + Packed) -> Self {
        Self::from_snapshot(Snapshot::initial(initial.to_bits()))
    }

    fn from_snapshot(snapshot: Snapshot<M>) -> Self {
        Self { word: AtomicU64::new(snapshot.word()), machine: PhantomData }
    }

    /// What the machine holds now: one load.
    ///
    /// Whoever finds a state here sees everything that was written before its transition was made.
    #[inline]
    #[must_use]
    pub fn load(&self) -> Snapshot<M> {
        Snapshot::from_word(self.word.load(Ordering::Acquire))
    }

    /// Goes from `From`, as it was `seen`, to `next`, which begins a new generation: one
    /// compare-and-swap.
    ///
    /// # Errors
    ///
    /// What the machine holds, when that is not `seen` any more, or `seen` was not `From`.
    pub fn transition<From, To>(
        &self,
        seen: Snapshot<M>,
        next: To,
    ) -> Result<Snapshot<M>, Snapshot<M>>
    where
        From: State<M>,
        To: State<M> + Packed + ReachableFrom<From>,
    {
        if !seen.is::<From>() {
            return Err(self.load());
        }
        self.exchange(seen, seen.followed_by(next))
    }

    /// Replaces the data within one visit to `S`; the generation stays.
    ///
    /// An update from and back to the same data leaves no trace: who saw the first will not notice
    /// that there was another in between.
    ///
    /// # Errors
    ///
    /// What the machine holds, when that is not `seen` any more, or `seen` was not `S`.
    pub fn update<S>(&self, seen: Snapshot<M>, next: S) -> Result<Snapshot<M>, Snapshot<M>>
    where
        S: State<M> + Packed,
    {
        if !seen.is::<S>() {
            return Err(self.load());
        }
        self.exchange(seen, seen.updated_to(next))
    }

    fn exchange(&self, seen: Snapshot<M>, next: Snapshot<M>) -> Result<Snapshot<M>, Snapshot<M>> {
        // Release: whoever sees the new state sees what its maker did before. Who wins has acquired
        // already, when it loaded what it has `seen`; who loses acquires what it finds instead.
        self.word
            .compare_exchange(seen.word(), next.word(), Ordering::Release, Ordering::Acquire)
            .map_or_else(|found| Err(Snapshot::from_word(found)), |_| Ok(next))
    }
}

impl<M: PackedMachine> Default for AtomicMachine<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: PackedMachine> fmt::Debug for AtomicMachine<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AtomicMachine").field(&self.load()).finish()
    }
}
