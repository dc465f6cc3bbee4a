use core::{fmt, marker::PhantomData};

use super::{Initial, Packed, PackedMachine, ReachableFrom, Snapshot, State};
use crate::sync::atomic::{AtomicU64, Ordering};

/// A lock-free cell that holds a machine, and can go along declared transitions only.
///
/// State, data and generation share one 64-bit word, so a reader never sees the state of one
/// moment with the data of another, and a writer that lost a race learns what won.
pub struct AtomicMachine<M> {
    word: AtomicU64,
    machine: PhantomData<fn() -> M>,
}

impl<M: PackedMachine> AtomicMachine<M> {
    /// The machine in its initial state, whose data is what its `from_bits` makes of zero: `()`,
    /// `0`, `false`, the first variant.
    #[cfg(not(reliability_loom))]
    #[must_use]
    pub const fn new() -> Self {
        Self { word: AtomicU64::new(Snapshot::<M>::initial(0).word()), machine: PhantomData }
    }

    /// The machine in its initial state, whose data is what its `from_bits` makes of zero.
    #[cfg(reliability_loom)]
    #[must_use]
    pub fn new() -> Self {
        Self { word: AtomicU64::new(Snapshot::<M>::initial(0).word()), machine: PhantomData }
    }

    /// The machine in its initial state, with data that is known at run time only.
    #[must_use]
    pub fn with(initial: impl State<M> + Initial + Packed) -> Self {
        Self {
            word: AtomicU64::new(Snapshot::<M>::initial(initial.to_bits()).word()),
            machine: PhantomData,
        }
    }

    /// What the machine holds now: one load.
    #[inline]
    #[must_use]
    pub fn load(&self) -> Snapshot<M> {
        Snapshot::from_word(self.word.load(Ordering::Acquire))
    }

    /// Goes from `From`, as it was `seen`, to `next`: one compare-and-swap.
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

    /// Replaces the data within one visit to `S`: the generation stays.
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
