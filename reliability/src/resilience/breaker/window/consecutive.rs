use super::tagged;
use super::{Counts, Rule, Verdict};
use crate::sync::Padded;
use crate::sync::atomic::{AtomicU64, Ordering};

/// Failures since the last success: one word.
///
/// While nothing fails nobody writes it, so successes of many threads only read a shared line.
#[derive(Debug)]
pub(super) struct ConsecutiveWindow {
    streak: Padded<AtomicU64>,
}

impl ConsecutiveWindow {
    pub(super) fn new() -> Self {
        Self { streak: Padded(AtomicU64::new(0)) }
    }

    /// Whether there is nothing to end.
    #[inline]
    pub(super) fn success_quickly(&self, generation: u32) -> bool {
        !self.is_streak(self.streak.load(Ordering::Relaxed), generation)
    }

    pub(super) fn success(&self, generation: u32) {
        let mut seen = self.streak.load(Ordering::Relaxed);
        while self.is_streak(seen, generation) {
            let none = tagged::pack(generation, 0);
            // Relaxed: the word is of this generation before and after it, and a swap hands on what
            // was released by who made it so.
            let swapped =
                self.streak.compare_exchange_weak(seen, none, Ordering::Relaxed, Ordering::Relaxed);
            match swapped {
                Ok(_) => return,
                Err(found) => seen = found,
            }
        }
    }

    /// Counts a failure, and says whether the breaker has to open.
    pub(super) fn failure(
        &self,
        generation: u32,
        rule: &Rule,
        is_current: impl Fn() -> bool,
    ) -> Verdict {
        match tagged::count_up(&self.streak, generation, is_current) {
            Some(before) if before + 1 >= u64::from(rule.window) => Verdict::Trip,
            _ => Verdict::Keep,
        }
    }

    /// A streak of another generation is none, and stays for the next failure to replace.
    #[inline]
    fn is_streak(&self, word: u64, generation: u32) -> bool {
        tagged::unpack(word, generation).is_some_and(|streak| streak > 0)
    }

    pub(super) fn counts(&self, generation: u32) -> Counts {
        let streak = tagged::unpack(self.streak.load(Ordering::Relaxed), generation).unwrap_or(0);
        Counts { calls: streak, failures: streak, slow: 0 }
    }
}
