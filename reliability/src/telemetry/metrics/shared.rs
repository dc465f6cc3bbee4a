//! What all clones of an instrument share, and how a recording finds it.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;
use std::time::SystemTime;

use super::{Collection, Descriptor, Observe};
use crate::telemetry::Attribute;

/// An instrument with all that it counts.
pub struct Shared<C> {
    pub(super) descriptor: Descriptor,
    pub(super) attributes: Attributes,
    /// Since when it counts; `None` for those that are there from the start of the process.
    pub(super) since: Option<SystemTime>,
    pub(super) cells: C,
}

/// What an instrument was bound to once and for all.
pub(super) enum Attributes {
    Declared(&'static [(&'static str, &'static str)]),
    Owned(Vec<Attribute>),
}

impl Attributes {
    pub(super) fn to_vec(&self) -> Vec<Attribute> {
        match self {
            Self::Declared(pairs) => {
                pairs.iter().map(|(key, value)| Attribute::new(*key, *value)).collect()
            }
            Self::Owned(attributes) => attributes.clone(),
        }
    }
}

/// What counts, without a name.
pub(super) trait Cells: Send + Sync + 'static {
    fn tell(&self, about: About<'_>, into: &mut Collection);
}

/// What a point says beside its numbers.
pub(super) struct About<'a> {
    pub(super) descriptor: &'a Descriptor,
    pub(super) attributes: Vec<Attribute>,
    pub(super) since: Option<SystemTime>,
}

impl<C: Cells> Observe for Shared<C> {
    fn observe(&self, into: &mut Collection) {
        let about = About {
            descriptor: &self.descriptor,
            attributes: self.attributes.to_vec(),
            since: self.since,
        };
        self.cells.tell(about, into);
    }
}

impl<C> fmt::Debug for Shared<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("name", &self.descriptor.name).finish_non_exhaustive()
    }
}

/// What an instrument holds: one that is declared costs no more than its `static`, and the compiler
/// sees through it.
pub(super) enum Handle<C: 'static> {
    Declared(&'static Shared<C>),
    Owned(Arc<Shared<C>>),
}

impl<C> Clone for Handle<C> {
    fn clone(&self) -> Self {
        match self {
            Self::Declared(shared) => Self::Declared(shared),
            Self::Owned(shared) => Self::Owned(Arc::clone(shared)),
        }
    }
}

impl<C> Deref for Handle<C> {
    type Target = Shared<C>;

    #[inline]
    fn deref(&self) -> &Shared<C> {
        match self {
            Self::Declared(shared) => shared,
            Self::Owned(shared) => shared,
        }
    }
}
