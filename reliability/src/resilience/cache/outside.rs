//! Drops entries when the thread has left moka, because a value may come back to a cache when it is
//! dropped: into moka's locks, or deep into its own stack where many are dropped at once.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::cell::Cell;
use core::mem::{ManuallyDrop, forget};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use super::entry::AnyEntry;

thread_local! {
    /// How many calls of moka this thread is in.
    static INSIDE: Cell<u32> = const { Cell::new(0) };
    /// What is dropped when the last of them is left. Without a destructor, so that it is there as
    /// long as the thread: moka's garbage is collected at its end, too.
    static PUT_OFF: Cell<ManuallyDrop<Vec<Arc<AnyEntry>>>> =
        const { Cell::new(ManuallyDrop::new(Vec::new())) };
    /// Somebody further out on the stack drops what is put off.
    static DROPPING: Cell<bool> = const { Cell::new(false) };
    static AT_THE_END: AtTheEnd = const { AtTheEnd };
}

/// Gives back the memory of the list when the thread ends. Whoever comes later does so himself.
struct AtTheEnd;

impl Drop for AtTheEnd {
    fn drop(&mut self) {
        free();
    }
}

/// Runs a call of moka. What it drops is dropped afterwards.
pub(super) fn inside<R>(then: impl FnOnce() -> R) -> R {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            INSIDE.set(INSIDE.get() - 1);
        }
    }
    INSIDE.set(INSIDE.get() + 1);
    let leave = Leave;
    let done = then();
    drop(leave);
    if INSIDE.get() == 0 && !DROPPING.get() {
        drop_all();
    }
    done
}

/// Drops the entry now, or as soon as moka is left.
pub(super) fn drop_outside(entry: Arc<AnyEntry>) {
    if INSIDE.get() > 0 {
        with_list(|list| list.push(entry));
    } else if let Err(panic) = drop_caught(entry) {
        // Garbage that moka left behind is collected by whoever comes by, in libraries that know
        // nothing of this cache, and when threads end. There it would end the process.
        forget(panic);
    }
}

fn drop_all() {
    struct Done;
    impl Drop for Done {
        fn drop(&mut self) {
            DROPPING.set(false);
        }
    }
    let Some(mut entry) = with_list(Vec::pop) else { return };
    let ending = AT_THE_END.try_with(|_| ()).is_err();
    DROPPING.set(true);
    let done = Done;
    let mut panicked = None;
    loop {
        // One that panics keeps none of the others, who would be dropped when the thread ends.
        if let Err(panic) = drop_caught(entry) {
            panicked = Some(panicked.unwrap_or(panic));
        }
        match with_list(Vec::pop) {
            Some(next) => entry = next,
            None => break,
        }
    }
    drop(done);
    if ending {
        free();
    }
    match panicked {
        // It would end the process there.
        Some(panic) if ending || thread::panicking() => forget(panic),
        Some(panic) => resume_unwind(panic),
        None => {}
    }
}

type Panic = Box<dyn Any + Send>;

fn drop_caught(entry: Arc<AnyEntry>) -> Result<(), Panic> {
    catch_unwind(AssertUnwindSafe(|| drop(entry)))
}

fn with_list<R>(then: impl FnOnce(&mut Vec<Arc<AnyEntry>>) -> R) -> R {
    let mut list = PUT_OFF.take();
    let done = then(&mut list);
    PUT_OFF.set(list);
    done
}

fn free() {
    // Where a call of moka panicked, some were put off and not dropped.
    for entry in ManuallyDrop::into_inner(PUT_OFF.take()) {
        drop_caught(entry).unwrap_or_else(forget);
    }
}
