//! Bits of hashes that are compared side by side, so that few keys have to be.

use alloc::vec::Vec;

use super::front::WAYS;

/// A byte of a hash for each place of a set, all in one word; zero where the place is free.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Tags(u64);

const _: () = assert!(WAYS == 8, "a byte each");

/// The lowest bit of each byte.
const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = LOW << 7;

impl Tags {
    /// Where it may be: everywhere where it is, and now and then where another one is.
    #[inline]
    pub(super) fn of(self, hash: u64) -> impl Iterator<Item = usize> {
        Indices(zeros(self.0 ^ tag(hash).wrapping_mul(LOW)))
    }

    /// The first place that is free.
    #[inline]
    pub(super) fn free(self, ways: usize) -> Option<usize> {
        // The lowest that is said to be zero is zero.
        Indices(zeros(self.0)).next().filter(|index| *index < ways)
    }

    #[inline]
    pub(super) fn set(&mut self, index: usize, hash: u64) {
        self.clear(index);
        self.0 |= tag(hash) << (8 * index);
    }

    #[inline]
    pub(super) fn clear(&mut self, index: usize) {
        self.0 &= !(0xff << (8 * index));
    }
}

/// The indices of the bytes whose highest bit is set.
struct Indices(u64);

impl Iterator for Indices {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let index = self.0.trailing_zeros() as usize / 8;
        self.0 &= self.0 - 1;
        Some(index)
    }
}

/// The highest bit of each byte that is zero, and of some that are one above such a byte.
#[inline]
fn zeros(word: u64) -> u64 {
    word.wrapping_sub(LOW) & !word & HIGH
}

/// The highest bits of a hash, of which its set knows nothing. Never zero.
#[inline]
fn tag(hash: u64) -> u64 {
    hash >> 56 | 0x80
}

/// Short hashes, some of them more than once.
#[derive(Default)]
pub(super) struct Shorts {
    /// Whole chunks, so that they are compared all at once; filled up with zeros.
    chunks: Vec<[u16; CHUNK]>,
    len: usize,
}

const CHUNK: usize = 8;

impl Shorts {
    #[inline]
    pub(super) fn contains(&self, short: u16) -> bool {
        self.chunks.iter().any(|chunk| has(chunk, short))
    }

    pub(super) fn push(&mut self, short: u16) {
        if self.len == self.chunks.len() * CHUNK {
            self.chunks.push([0; CHUNK]);
        }
        self.chunks[self.len / CHUNK][self.len % CHUNK] = short;
        self.len += 1;
    }

    /// Takes one of those that are the same out, and moves the last one there.
    pub(super) fn remove(&mut self, short: u16) {
        let Some(index) = self.chunks.as_flattened().iter().position(|other| *other == short)
        else {
            return;
        };
        self.len -= 1;
        let all = self.chunks.as_flattened_mut();
        all[index] = all[self.len];
        all[self.len] = 0;
        if self.len.is_multiple_of(CHUNK) {
            self.chunks.pop();
        }
    }
}

/// Looks at all of them, whatever it finds: so the comparisons are made side by side.
#[inline]
pub(super) fn has<const N: usize>(shorts: &[u16; N], short: u16) -> bool {
    shorts.iter().fold(false, |found, other| found | (*other == short))
}

/// Enough to tell the keys of a set apart. Zero stands for none.
#[inline]
pub(super) fn short(hash: u64) -> u16 {
    (hash >> 48) as u16 | 1
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// The model: an array of bytes.
        #[test]
        fn what_is_set_is_found_and_what_is_free_is_free(
            steps in prop::collection::vec((0..WAYS, any::<Option<u64>>()), 0..64),
            ways in 1..=WAYS,
        ) {
            let (mut tags, mut model) = (Tags::default(), [None; WAYS]);
            for (index, hash) in steps {
                match hash {
                    Some(hash) => tags.set(index, hash),
                    None => tags.clear(index),
                }
                model[index] = hash;
                prop_assert_eq!(tags.free(ways), model[..ways].iter().position(Option::is_none));
                for (index, hash) in model.iter().enumerate() {
                    if let Some(hash) = hash {
                        prop_assert!(tags.of(*hash).any(|found| found == index));
                    }
                }
            }
        }
    }
}
