use alloc::borrow::ToOwned;
use core::borrow::Borrow;
use core::hash::{BuildHasherDefault, Hash, Hasher};

use super::entry::AnyEntry;

/// What a value is looked up by: a reference to a key, or a tuple of such references.
///
/// | looked up by | kept under |
/// |---|---|
/// | `&str` | `String` |
/// | `&Sku`, where `Sku: Clone + Hash + Eq` | `Sku` |
/// | `(&tenant, "tea")` | `(Tenant, String)` |
///
/// The key is cloned only when there is nothing under it yet: a hit borrows, and allocates nothing.
/// Up to six parts make a tuple.
///
/// Keys are compared under a short lock of the cache: what is called by their `Eq` must not ask the
/// same cache, which would wait for itself.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::cache::Cache;
///
/// let prices = Cache::builder("price").ttl(Duration::from_secs(30)).build()?;
/// prices.insert((&7_u32, "tea"), 299_u32);
/// assert_eq!(prices.get::<u32>((&7_u32, "tea")), Some(299));
/// assert_eq!(prices.get::<u32>((&8_u32, "tea")), None);
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the key of a cache",
    label = "cannot be looked up, or cannot be kept",
    note = "a key is a reference to what is `Hash + Eq + Clone + Send + Sync + 'static`, or to a `str`, or a tuple of such references: derive what is missing, or make the key of what has it"
)]
pub trait Key: Hash {
    /// What is kept: owned, and of the same hash.
    type Kept: Eq + Send + Sync + 'static;

    /// The key to keep.
    fn keep(&self) -> Self::Kept;

    /// Whether what is kept is this key.
    fn is(&self, kept: &Self::Kept) -> bool;
}

#[diagnostic::do_not_recommend]
impl<Q> Key for &Q
where
    Q: Hash + Eq + ToOwned<Owned: Eq + Send + Sync + 'static> + ?Sized,
{
    type Kept = Q::Owned;

    fn keep(&self) -> Q::Owned {
        (*self).to_owned()
    }

    #[inline]
    fn is(&self, kept: &Q::Owned) -> bool {
        kept.borrow() == *self
    }
}

macro_rules! tuples {
    ($($part:ident $index:tt),+) => {
        impl<$($part: Key),+> Key for ($($part,)+) {
            type Kept = ($($part::Kept,)+);

            fn keep(&self) -> Self::Kept {
                ($(self.$index.keep(),)+)
            }

            #[inline]
            fn is(&self, kept: &Self::Kept) -> bool {
                $(self.$index.is(&kept.$index))&&+
            }
        }
    };
}

tuples!(A 0);
tuples!(A 0, B 1);
tuples!(A 0, B 1, C 2);
tuples!(A 0, B 1, C 2, D 3);
tuples!(A 0, B 1, C 2, D 3, E 4);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5);

/// A key that is looked up where types are forgotten.
pub(super) struct Asked<'a> {
    pub(super) hash: u64,
    pub(super) is: &'a dyn Fn(&AnyEntry) -> bool,
}

/// Keys are hashed once, before their type is forgotten.
pub(super) type HashedBefore = BuildHasherDefault<TakesHash>;

#[derive(Debug, Default, Clone)]
pub(super) struct TakesHash(u64);

impl Hasher for TakesHash {
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn write(&mut self, bytes: &[u8]) {
        // Only `u64`s come here; anything else would still be a hash.
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
