use alloc::borrow::ToOwned;
use alloc::sync::Arc;
use core::any::{Any, TypeId};
use core::borrow::Borrow;
use core::fmt;
use core::hash::{BuildHasherDefault, Hash, Hasher};

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

/// A key whose type is forgotten, with its hash and the type of the value under it.
///
/// One type for all keys, so that the cache underneath is compiled once, and a policy need not be
/// generic.
#[derive(Clone)]
pub(crate) struct StoredKey(Arc<Stored<dyn AnyKey>>);

struct Stored<K: ?Sized> {
    hash: u64,
    value_type: TypeId,
    key: K,
}

trait AnyKey: Send + Sync {
    fn as_any(&self) -> &dyn Any;
    fn equals(&self, other: &dyn Any) -> bool;
}

impl<K: Eq + Send + Sync + 'static> AnyKey for K {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn equals(&self, other: &dyn Any) -> bool {
        other.downcast_ref::<K>() == Some(self)
    }
}

impl StoredKey {
    pub(super) fn new<K: Key>(key: &K, hash: u64, value_type: TypeId) -> Self {
        Self(Arc::new(Stored { hash, value_type, key: key.keep() }))
    }

    #[inline]
    pub(super) fn hash(&self) -> u64 {
        self.0.hash
    }

    /// Whether it is that key, of a value of that type.
    #[inline]
    pub(super) fn is<K: Key>(&self, key: &K, value_type: TypeId) -> bool {
        self.0.value_type == value_type
            && self.0.key.as_any().downcast_ref::<K::Kept>().is_some_and(|kept| key.is(kept))
    }
}

impl PartialEq for StoredKey {
    fn eq(&self, other: &Self) -> bool {
        let (one, other) = (&*self.0, &*other.0);
        one.hash == other.hash
            && one.value_type == other.value_type
            && one.key.equals(other.key.as_any())
    }
}

impl Eq for StoredKey {}

impl Hash for StoredKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.hash);
    }
}

impl fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StoredKey").field(&self.0.hash).finish()
    }
}

/// A key that is looked up: what a [`StoredKey`] is compared with, without making one.
pub(super) struct Asked<'a> {
    pub(super) hash: u64,
    pub(super) is: &'a dyn Fn(&StoredKey) -> bool,
}

impl Hash for Asked<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl moka::Equivalent<StoredKey> for Asked<'_> {
    #[inline]
    fn equivalent(&self, stored: &StoredKey) -> bool {
        self.hash == stored.0.hash && (self.is)(stored)
    }
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
