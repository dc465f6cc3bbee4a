use core::fmt;

use super::shape::walk;
use crate::fnv::Fnv;

/// What all errors of one kind have in common: 64 bits, the same in every process and every build.
///
/// FNV-1a (Fowler, Noll, Vo; offset basis and prime of 64 bits) over the name of the type, a byte
/// 0xff, and the [`shape`](super::shape()) of the message. Two kinds that meet in one
/// fingerprint, which with a thousand kinds has a probability of 3e-14, share a group.
///
/// # Examples
///
/// ```
/// use reliability::error::monitor::Fingerprint;
///
/// let one = Fingerprint::of("shop::Error", "order 17 is locked");
/// let other = Fingerprint::of("shop::Error", "order 4711 is locked");
/// assert_eq!(one, other);
/// assert_eq!(one.to_string().len(), 16);
/// assert_eq!(format!("{:016x}", one.as_u64()), one.to_string());
/// // That of a whole kind of error, which says by `Fault::fingerprint` what it is called.
/// assert_ne!(Fingerprint::named("locked"), one);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// The fingerprint of a message of an error of that type.
    pub fn of(kind: &str, message: &str) -> Self {
        let mut hash = Fnv::new();
        hash.write(kind.as_bytes());
        hash.write(&[0xff]);
        walk(message, &mut |part| hash.write(part.as_bytes()));
        Self(hash.get())
    }

    /// The fingerprint that stands for a name.
    pub fn named(name: &str) -> Self {
        Self(Fnv::of(name.as_bytes()))
    }

    /// As a number.
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Fingerprint {
    /// Sixteen hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
