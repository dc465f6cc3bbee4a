use alloc::vec::Vec;
use core::fmt;

use crate::time::Instant;

/// A process of a simulated protocol.
///
/// Its effects happen one after the other; one that writes goes on when that is on the disk. What
/// comes meanwhile waits.
///
/// # Examples
///
/// See the [module](super).
pub trait Node {
    /// What nodes send to each other.
    type Message: Clone + fmt::Debug;
    /// What a node writes to its disk.
    type Record: Clone + fmt::Debug;

    /// It begins, or comes back after a crash and finds this on its disk.
    fn start(
        &mut self,
        now: Instant,
        disk: &[Self::Record],
    ) -> Vec<Effect<Self::Message, Self::Record>>;

    /// A message has come.
    fn receive(
        &mut self,
        now: Instant,
        from: usize,
        message: Self::Message,
    ) -> Vec<Effect<Self::Message, Self::Record>>;

    /// That is on the disk. Its effects come before those that stood behind the write.
    fn written(
        &mut self,
        now: Instant,
        record: Self::Record,
    ) -> Vec<Effect<Self::Message, Self::Record>> {
        let _ = (now, record);
        Vec::new()
    }

    /// It is as late as [`wake_at`](Self::wake_at) has said.
    fn wake(&mut self, now: Instant) -> Vec<Effect<Self::Message, Self::Record>> {
        let _ = now;
        Vec::new()
    }

    /// When it wants to be woken, if at all.
    fn wake_at(&self) -> Option<Instant> {
        None
    }
}

/// What a [`Node`] wants to have done.
///
/// # Examples
///
/// See the [module](super).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect<M, R> {
    /// Send that to another node, or to itself.
    Send {
        /// The index of that node.
        to: usize,
        /// What is sent.
        message: M,
    },
    /// Write that to the disk, and go on when it is there.
    Write(R),
}
