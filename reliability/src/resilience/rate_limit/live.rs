use super::Settings;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicU64, Ordering, fence};

/// The settings in use, and a copy of what decides in two words that threads read without a lock.
///
/// A sequence lock: odd while the words change. Whoever finds it odd waits for the change at the
/// lock that the one who makes it holds, so nobody spins.
#[derive(Debug)]
pub(super) struct Live {
    sequence: AtomicU64,
    words: [AtomicU64; 2],
    settings: Mutex<Settings>,
}

impl Live {
    pub(super) fn new(settings: Settings, words: [u64; 2]) -> Self {
        Self {
            sequence: AtomicU64::new(0),
            words: words.map(AtomicU64::new),
            settings: Mutex::new(settings),
        }
    }

    /// Both words of one time.
    #[inline]
    pub(super) fn words(&self) -> [u64; 2] {
        loop {
            match self.words_unless_changing() {
                Some(words) => return words,
                None => self.wait(),
            }
        }
    }

    /// The same, or nothing while they are being changed.
    #[inline]
    pub(super) fn words_unless_changing(&self) -> Option<[u64; 2]> {
        // Acquire, against the release at the end of a change: the words are of that change or a
        // later one.
        let before = self.sequence.load(Ordering::Acquire);
        let words = [self.words[0].load(Ordering::Relaxed), self.words[1].load(Ordering::Relaxed)];
        // A word of a later change would make the next reading see that change begun.
        fence(Ordering::Acquire);
        let unchanged = self.sequence.load(Ordering::Relaxed) == before;
        (before.is_multiple_of(2) && unchanged).then_some(words)
    }

    /// Changes with each change of the words.
    #[inline]
    pub(super) fn version(&self) -> u64 {
        self.sequence.load(Ordering::Relaxed)
    }

    #[cold]
    fn wait(&self) {
        drop(self.settings.lock());
    }

    pub(super) fn settings(&self) -> Settings {
        *self.settings.lock()
    }

    /// Changes the settings: `change` says what they are to be, and the words; `apply` gets the
    /// words before and after, and runs before anybody reads the new ones.
    pub(super) fn replace<E>(
        &self,
        change: impl FnOnce(&Settings) -> Result<(Settings, [u64; 2]), E>,
        apply: impl FnOnce(&Settings, [[u64; 2]; 2]),
    ) -> Result<(), E> {
        let mut settings = self.settings.lock();
        let (changed, words) = change(&settings)?;
        let before = [self.words[0].load(Ordering::Relaxed), self.words[1].load(Ordering::Relaxed)];
        if words != before {
            let sequence = self.sequence.load(Ordering::Relaxed);
            self.sequence.store(sequence.wrapping_add(1), Ordering::Relaxed);
            // Who sees one of the new words sees that the change has begun.
            fence(Ordering::Release);
            self.words[0].store(words[0], Ordering::Relaxed);
            self.words[1].store(words[1], Ordering::Relaxed);
            apply(&changed, [before, words]);
            self.sequence.store(sequence.wrapping_add(2), Ordering::Release);
        }
        *settings = changed;
        Ok(())
    }
}
