use core::{fmt, marker::PhantomData};

use super::{Machine, Packed, PackedMachine, State, machine::name};

const PAYLOAD_BITS: u32 = 32;
const GENERATION_BITS: u32 = 28;
const TAG_SHIFT: u32 = PAYLOAD_BITS + GENERATION_BITS;
const GENERATION_MASK: u32 = (1 << GENERATION_BITS) - 1;

/// What an [`AtomicMachine`](super::AtomicMachine) held at one moment: state, visit and data.
///
/// ```text
///  63    60 59                       32 31                       0
/// +--------+---------------------------+--------------------------+
/// | state  | generation                | data                     |
/// +--------+---------------------------+--------------------------+
/// ```
///
/// The generation counts transitions, so two visits to one state differ, and a snapshot from an
/// earlier visit is known to be stale. It wraps after 2^28 transitions: a snapshot that was kept
/// while exactly a multiple of 268,435,456 transitions went by, back to the same state and data, is
/// taken for fresh. At a thousand transitions a second that is three days; do not keep snapshots.
///
/// # Examples
///
/// ```
/// # use reliability::state::{AtomicMachine, StateMachine};
/// # #[derive(StateMachine)]
/// # #[machine(name = "gate", derive(Debug, PartialEq), atomic)]
/// # enum Gate {
/// #     #[state(initial, to(Open))]
/// #     Shut,
/// #     #[state(to(Shut))]
/// #     Open { visitors: u32 },
/// # }
/// let gate = AtomicMachine::<Gate>::new();
/// let seen = gate.load();
/// assert!(seen.is::<gate::Shut>());
/// assert_eq!(seen.get::<gate::Open>(), None);
/// assert_eq!((seen.state_name(), seen.generation()), ("Shut", 0));
/// match seen.machine() {
///     Gate::Shut => {}
///     Gate::Open { visitors } => println!("{visitors} are inside"),
/// }
/// assert_eq!((seen.index(), seen.bits()), (0, 0));
/// assert!(seen.same_visit(gate.load()));
/// ```
pub struct Snapshot<M> {
    word: u64,
    // `fn() -> M`, so that what may cross threads does not depend on `M`: it holds none.
    machine: PhantomData<fn() -> M>,
}

impl<M: PackedMachine> Snapshot<M> {
    pub(super) const fn from_word(word: u64) -> Self {
        Self { word, machine: PhantomData }
    }

    /// Before any transition: the initial state, with these bits as its data.
    pub(super) const fn initial(bits: u32) -> Self {
        const {
            assert!(M::STATES.len() <= 16, "an `AtomicMachine` has room for 16 states");
        }
        Self::from_word((M::INITIAL as u64) << TAG_SHIFT | bits as u64)
    }

    pub(super) const fn word(self) -> u64 {
        self.word
    }

    /// The next visit, to `S`.
    pub(super) fn followed_by<S: State<M> + Packed>(self, next: S) -> Self {
        let generation = self.generation().wrapping_add(1) & GENERATION_MASK;
        let tag = (S::INDEX as u64) << TAG_SHIFT;
        let generation = u64::from(generation) << PAYLOAD_BITS;
        Self::from_word(tag | generation | u64::from(next.to_bits()))
    }

    /// The same visit, with other data.
    pub(super) fn updated_to<S: State<M> + Packed>(self, next: S) -> Self {
        let visit = self.word >> PAYLOAD_BITS << PAYLOAD_BITS;
        Self::from_word(visit | u64::from(next.to_bits()))
    }

    /// Whether the machine was in `S`.
    #[inline]
    #[must_use]
    pub fn is<S: State<M>>(self) -> bool {
        self.index() == S::INDEX
    }

    /// The data of `S`, if the machine was in it.
    #[inline]
    #[must_use]
    pub fn get<S: State<M> + Packed>(self) -> Option<S> {
        self.is::<S>().then(|| S::from_bits(self.bits()))
    }

    /// The machine as its enum, to be matched on.
    #[must_use]
    pub fn machine(self) -> M {
        M::unpack(self.index(), self.bits())
    }

    /// The index of the state in [`Machine::STATES`](super::Machine::STATES).
    #[inline]
    #[must_use]
    pub const fn index(self) -> usize {
        (self.word >> TAG_SHIFT) as usize
    }

    /// The name of the state.
    #[must_use]
    pub fn state_name(self) -> &'static str {
        name::<M>(self.index())
    }

    /// How many transitions there have been, modulo 2^28.
    #[inline]
    #[must_use]
    pub const fn generation(self) -> u32 {
        (self.word >> PAYLOAD_BITS) as u32 & GENERATION_MASK
    }

    /// Whether both were taken during one visit to one state, whatever its data was.
    #[inline]
    #[must_use]
    pub const fn same_visit(self, other: Self) -> bool {
        (self.word ^ other.word) >> PAYLOAD_BITS == 0
    }

    /// The data as it stands in the word.
    #[inline]
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.word as u32
    }
}

impl<M> Clone for Snapshot<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for Snapshot<M> {}

impl<M> PartialEq for Snapshot<M> {
    fn eq(&self, other: &Self) -> bool {
        self.word == other.word
    }
}

impl<M> Eq for Snapshot<M> {}

impl<M: Machine> fmt::Debug for Snapshot<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("machine", &M::NAME)
            .field("state", &name::<M>((self.word >> TAG_SHIFT) as usize))
            .field("generation", &((self.word >> PAYLOAD_BITS) as u32 & GENERATION_MASK))
            .field("bits", &(self.word as u32))
            .finish()
    }
}
