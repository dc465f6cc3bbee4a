//! The switch for all.

use alloc::vec::Vec;
use core::time::Duration;
use std::sync::{Mutex, PoisonError};

use super::Chaos;
use super::handle::WeakChaos;
use super::switch::FOREVER;
use crate::time::{Clock, Instant, saturating_nanos};

struct Board {
    listed: Vec<WeakChaos>,
    /// The last word that was said to all, for those that are made later: an end, by the precise
    /// clock, or none.
    on_until: Option<u64>,
}

static BOARD: Mutex<Board> = Mutex::new(Board { listed: Vec::new(), on_until: None });

fn lock() -> std::sync::MutexGuard<'static, Board> {
    BOARD.lock().unwrap_or_else(PoisonError::into_inner)
}

fn living(board: &Board) -> Vec<Chaos> {
    board.listed.iter().filter_map(WeakChaos::upgrade).collect()
}

/// Switches every chaos of the process on, and those that are made from now on.
///
/// # Examples
///
/// ```
/// use reliability::resilience::chaos::{self, Chaos};
///
/// let early = Chaos::standard("early");
/// chaos::switch_on();
/// let late = Chaos::standard("late");
/// assert!(early.is_on() && late.is_on());
///
/// chaos::switch_off();
/// assert!(!early.is_on() && !late.is_on());
/// ```
pub fn switch_on() {
    let mut board = lock();
    board.on_until = Some(FOREVER);
    let all = living(&board);
    // Whoever listens to the events may ask for the list.
    drop(board);
    all.iter().for_each(Chaos::switch_on);
}

/// As [`switch_on`], for that long.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::chaos::{self, Chaos};
///
/// // The exercise ends by itself, also if everybody goes home.
/// let inventory = Chaos::standard("inventory");
/// chaos::switch_on_for(Duration::from_secs(900));
/// assert!(inventory.is_on());
/// # chaos::switch_off();
/// ```
pub fn switch_on_for(duration: Duration) {
    let until = Clock::precise().now().as_nanos().saturating_add(saturating_nanos(duration));
    let mut board = lock();
    board.on_until = Some(until);
    let all = living(&board);
    drop(board);
    all.iter().for_each(|chaos| chaos.switch_on_for(duration));
}

/// Switches every chaos of the process off, however it was switched on, and leaves off those that
/// are made from now on.
///
/// # Examples
///
/// See [`switch_on`].
pub fn switch_off() {
    let mut board = lock();
    board.on_until = None;
    let all = living(&board);
    drop(board);
    all.iter().for_each(Chaos::switch_off);
}

/// Every chaos of the process, on or off, in the order in which they were made.
///
/// # Examples
///
/// ```
/// use reliability::resilience::chaos::{self, Chaos};
///
/// let inventory = Chaos::standard("inventory");
/// let on = chaos::handles().iter().filter(|chaos| chaos.is_on()).count();
/// println!("{on} of {} are on", chaos::handles().len());
/// assert!(chaos::handles().iter().any(|chaos| chaos.name() == inventory.name()));
/// ```
pub fn handles() -> Vec<Chaos> {
    living(&lock())
}

/// Lists a new one, and tells it the last word that was said to all.
pub(super) fn list(chaos: &Chaos) {
    let mut board = lock();
    // Forget what is gone whenever the list would grow, so that it never outgrows what lives.
    if board.listed.len() == board.listed.capacity() {
        board.listed.retain(|weak| weak.upgrade().is_some());
    }
    board.listed.push(chaos.downgrade());
    let on_until = board.on_until;
    drop(board);
    match on_until {
        None => {}
        Some(FOREVER) => chaos.switch_on(),
        Some(until) => {
            let left = Instant::from_nanos(until).saturating_duration_since(Clock::precise().now());
            if !left.is_zero() {
                chaos.switch_on_for(left);
            }
        }
    }
}
