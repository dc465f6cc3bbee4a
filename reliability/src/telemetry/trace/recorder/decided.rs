use alloc::boxed::Box;

use super::super::TraceId;
use crate::sync::atomic::{AtomicU64, Ordering};

/// The traces that were kept lately, for spans that begin when their local root is long over: they
/// follow its decision. A newer one takes the place of an older one.
#[derive(Debug)]
pub(super) struct Decided {
    kept: Box<[AtomicU64]>,
}

const PLACES: usize = if cfg!(reliability_loom) { 4 } else { 4096 };

impl Decided {
    pub(super) fn new() -> Self {
        Self { kept: (0..PLACES).map(|_| AtomicU64::new(0)).collect() }
    }

    pub(super) fn keep(&self, id: TraceId) {
        let (place, mark) = Self::place(id);
        self.kept[place].store(mark, Ordering::Relaxed);
    }

    pub(super) fn kept(&self, id: TraceId) -> bool {
        let (place, mark) = Self::place(id);
        self.kept[place].load(Ordering::Relaxed) == mark
    }

    /// All bits of the id count, for some make ids of which only a part is random.
    fn place(id: TraceId) -> (usize, u64) {
        let number = id.get();
        let mixed = ((number >> 64) as u64).rotate_left(32) ^ number as u64;
        let mark = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((mark >> 32) as usize % PLACES, mark.max(1))
    }
}
