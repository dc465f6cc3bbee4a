//! One cache line per thread, for values that every call writes and few read.

use core::ops::Deref;

/// How many stripes a striped value has.
///
/// A written cache line that two cores share costs ten to thirty nanoseconds a call; sixteen lines
/// are 2 KiB and enough that threads rarely meet. Under loom two stripes show every interleaving.
#[cfg(not(reliability_loom))]
pub(crate) const STRIPES: usize = 16;
#[cfg(reliability_loom)]
pub(crate) const STRIPES: usize = 2;

/// A value alone on its cache lines.
///
/// 128 bytes, not 64: x86-64 prefetches lines in pairs, and aarch64 has cores with 128-byte lines.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Padded<T>(pub(crate) T);

impl<T> Deref for Padded<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

/// The stripe of this thread, below [`STRIPES`].
///
/// Threads are dealt out in turn. Without `std` there are no thread locals, and all share the
/// first stripe.
#[inline]
pub(crate) fn stripe_index() -> usize {
    imp::stripe_index()
}

#[cfg(all(feature = "std", not(reliability_loom)))]
mod imp {
    use core::cell::Cell;
    use core::sync::atomic::{AtomicUsize, Ordering};

    const UNASSIGNED: usize = usize::MAX;
    static NEXT: AtomicUsize = AtomicUsize::new(0);

    std::thread_local! {
        static MINE: Cell<usize> = const { Cell::new(UNASSIGNED) };
    }

    #[inline]
    pub(super) fn stripe_index() -> usize {
        MINE.with(|mine| match mine.get() {
            UNASSIGNED => assign(mine),
            index => index,
        })
    }

    #[cold]
    fn assign(mine: &Cell<usize>) -> usize {
        let index = NEXT.fetch_add(1, Ordering::Relaxed) % super::STRIPES;
        mine.set(index);
        index
    }
}

#[cfg(all(feature = "std", reliability_loom))]
mod imp {
    /// Loom names its threads in order of creation, so that every run deals them out alike.
    pub(super) fn stripe_index() -> usize {
        let name = std::format!("{:?}", loom::thread::current().id());
        let digits = name.chars().filter(char::is_ascii_digit);
        digits.filter_map(|digit| digit.to_digit(10)).last().unwrap_or(0) as usize % super::STRIPES
    }
}

#[cfg(not(feature = "std"))]
mod imp {
    pub(super) fn stripe_index() -> usize {
        0
    }
}
