//! `core`'s atomics, or loom's under `--cfg reliability_loom`.

#[cfg(not(reliability_loom))]
#[allow(unused_imports, reason = "each feature uses some of them")]
pub(crate) use core::sync::atomic::{
    AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};

#[cfg(reliability_loom)]
#[allow(unused_imports, reason = "each feature uses some of them")]
pub(crate) use loom::sync::atomic::{
    AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};
