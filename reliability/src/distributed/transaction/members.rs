use core::fmt;

use crate::error::Invalid;

/// Some of the participants of one transaction, by their index.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::Members;
///
/// let all = Members::first(3)?;
/// let voted = Members::NONE.with(0).with(2);
/// assert!(!voted.contains(1) && voted.count() == 2);
/// assert_eq!(all.without(voted).iter().collect::<Vec<_>>(), [1]);
/// assert!(Members::first(65).is_err());
/// # Ok::<(), reliability::error::Invalid>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Members(u64);

impl Members {
    /// The most participants of one transaction.
    pub const MOST: usize = 64;

    /// Nobody.
    pub const NONE: Self = Self(0);

    /// The first so many.
    ///
    /// # Errors
    ///
    /// More than [`MOST`](Self::MOST), or none at all.
    pub fn first(count: usize) -> Result<Self, Invalid> {
        match count {
            1..=Self::MOST => Ok(Self(u64::MAX >> (Self::MOST - count))),
            _ => {
                let expected = "1 to 64 participants";
                Err(Invalid::new("transaction", "participants", expected, count))
            }
        }
    }

    /// These and that one. An index of 64 or more is nobody.
    #[must_use]
    pub const fn with(self, member: usize) -> Self {
        Self(self.0 | Self::bit(member))
    }

    /// These without those.
    #[must_use]
    pub const fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// Those who are in both.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }

    /// Whether that one is among them.
    pub const fn contains(self, member: usize) -> bool {
        self.0 & Self::bit(member) != 0
    }

    /// Whether there is nobody.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many they are.
    pub const fn count(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Their indices, in order.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        (0..Self::MOST).filter(move |member| self.contains(*member))
    }

    const fn bit(member: usize) -> u64 {
        if member < Self::MOST { 1 << member } else { 0 }
    }
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
