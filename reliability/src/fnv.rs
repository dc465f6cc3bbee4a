//! A hash that is the same in every process, build and version, for what nobody forges.
#![allow(dead_code, reason = "every feature takes another part of it")]

/// FNV-1a of 64 bits (Fowler, Noll, Vo), of all that was written to it.
#[derive(Clone, Copy)]
pub(crate) struct Fnv(u64);

impl Fnv {
    pub(crate) const fn new() -> Self {
        Self::from_start(0xcbf2_9ce4_8422_2325)
    }

    /// From another start: a second hash of the same, that differs where the first one does not.
    pub(crate) const fn from_start(start: u64) -> Self {
        Self(start)
    }

    /// The hash of that alone.
    pub(crate) fn of(bytes: &[u8]) -> u64 {
        let mut hash = Self::new();
        hash.write(bytes);
        hash.get()
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    pub(crate) const fn get(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Test vectors of its authors.
    #[test]
    fn it_is_the_published_one() {
        assert_eq!(Fnv::of(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(Fnv::of(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(Fnv::of(b"foobar"), 0x8594_4171_f739_67e8);
        let mut parts = Fnv::new();
        parts.write(b"foo");
        parts.write(b"bar");
        assert_eq!(parts.get(), Fnv::of(b"foobar"));
    }
}
