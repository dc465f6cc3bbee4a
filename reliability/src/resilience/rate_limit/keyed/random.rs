use core::hash::{BuildHasher, Hash, Hasher};
use std::hash::{DefaultHasher, RandomState};

use crate::resilience::split_mix::mix;

/// Hashes keys at random, so that nobody can choose keys that meet.
///
/// What is a single number is multiplied, the others go through SipHash. The product is strongly
/// universal (Dietzfelbinger, Universal Hashing and k-Wise Independent Random Variables via Integer
/// Arithmetic without Primes, 1996, theorem 3): the hashes of any two numbers are independent, so
/// whoever picks keys without seeing hashes makes them meet no more often than by chance. Keys in a
/// row have products in a row, so the product is mixed as well: what is different stays so, and each
/// bit comes to depend on all others. All of it takes less than half of what SipHash does.
#[derive(Debug)]
pub(super) struct Random {
    sip: RandomState,
    factor: u128,
    offset: u128,
}

impl Random {
    pub(super) fn new() -> Self {
        let sip = RandomState::new();
        let secret =
            |at: u64| u128::from(sip.hash_one(at)) << 64 | u128::from(sip.hash_one(at + 1));
        let (factor, offset) = (secret(0), secret(2));
        // The secrets of the other keys must not be told by those.
        Self { sip: RandomState::new(), factor, offset }
    }

    #[inline]
    pub(super) fn hash_of<Q: Hash + ?Sized>(&self, key: &Q) -> u64 {
        let mut hasher = KeyHasher { random: self, seen: Seen::Nothing };
        key.hash(&mut hasher);
        hasher.finish()
    }

    #[inline]
    fn multiply(&self, number: u64) -> u64 {
        mix((self.factor.wrapping_mul(number.into()).wrapping_add(self.offset) >> 64) as u64)
    }
}

struct KeyHasher<'a> {
    random: &'a Random,
    seen: Seen,
}

enum Seen {
    Nothing,
    Number(u64),
    More(DefaultHasher),
}

impl KeyHasher<'_> {
    #[inline]
    fn number(&mut self, number: u64) {
        match self.seen {
            Seen::Nothing => self.seen = Seen::Number(number),
            _ => self.more(|sip| sip.write_u64(number)),
        }
    }

    #[inline]
    fn more(&mut self, write: impl FnOnce(&mut DefaultHasher)) {
        if let Seen::More(sip) = &mut self.seen {
            return write(sip);
        }
        let mut sip = self.random.sip.build_hasher();
        if let Seen::Number(number) = self.seen {
            sip.write_u64(number);
        }
        write(&mut sip);
        self.seen = Seen::More(sip);
    }
}

impl Hasher for KeyHasher<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        self.more(|sip| sip.write(bytes));
    }

    #[inline]
    fn write_u8(&mut self, number: u8) {
        self.number(number.into());
    }

    #[inline]
    fn write_u16(&mut self, number: u16) {
        self.number(number.into());
    }

    #[inline]
    fn write_u32(&mut self, number: u32) {
        self.number(number.into());
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        self.number(number);
    }

    #[inline]
    fn write_usize(&mut self, number: usize) {
        self.number(number as u64);
    }

    #[inline]
    fn finish(&self) -> u64 {
        match &self.seen {
            Seen::Nothing => self.random.multiply(0),
            Seen::Number(number) => self.random.multiply(*number),
            Seen::More(sip) => sip.finish(),
        }
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn hashes<Q: Hash>(random: &Random, keys: impl IntoIterator<Item = Q>) -> BTreeSet<u64> {
        keys.into_iter().map(|key| random.hash_of(&key)).collect()
    }

    #[test]
    fn different_keys_have_different_hashes() {
        let random = Random::new();
        assert_eq!(hashes(&random, 0..10_000_u64).len(), 10_000);
        assert_eq!(hashes(&random, (0..10_000_u64).map(|key| key << 50)).len(), 10_000);
        assert_eq!(
            hashes(&random, (0..100).flat_map(|a| (0..100).map(move |b| (a, b)))).len(),
            10_000
        );
        assert_eq!(hashes(&random, ["", "a", "b", "ab", "ba"]).len(), 5);
        assert_eq!(hashes(&random, [Some(1_u32), Some(2), None]).len(), 3);
        assert_eq!(hashes(&random, [(1_u8, ""), (1, "a"), (2, "a")]).len(), 3);
    }

    #[test]
    fn a_key_and_what_it_is_borrowed_as_have_one_hash() {
        let random = Random::new();
        assert_eq!(random.hash_of("acme"), random.hash_of(&"acme".to_owned()));
        assert_eq!(random.hash_of(&[1_u8, 2][..]), random.hash_of(&vec![1_u8, 2]));
        assert_eq!(random.hash_of(&7_u64), random.hash_of(&&7_u64));
    }

    #[test]
    fn other_limits_have_other_hashes() {
        let (one, other) = (Random::new(), Random::new());
        assert_ne!(one.hash_of(&7_u64), other.hash_of(&7_u64));
        assert_ne!(one.hash_of("acme"), other.hash_of("acme"));
    }

    /// Keys in a row, or far apart, lie in as many of 64 places as random ones would.
    #[test]
    fn all_bits_of_a_hash_depend_on_the_key() {
        for random in core::iter::repeat_with(Random::new).take(100) {
            for step in [1_u64, 2, 64, 1 << 20, 1 << 40, 1 << 57] {
                for bits in [0, 20, 40, 57] {
                    let places: BTreeSet<u64> =
                        (0..127).map(|key| random.hash_of(&(key * step)) >> bits & 63).collect();
                    let places = places.len();
                    assert!(places > 32, "{places} of 64, step {step}, bits {bits}");
                }
            }
        }
    }
}
