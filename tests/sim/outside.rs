//! The services outside, by the names of what they are asked to do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use reliability::distributed::sim::Random;
use reliability::distributed::transaction::saga::{EffectId, Outcome, Transient};

use crate::disk::Luck;

/// What they know.
pub(crate) struct Outside {
    pub(crate) random: Random,
    /// Nothing goes wrong any more.
    pub(crate) calm: bool,
    /// They do not heed the id of an effect: a bug.
    pub(crate) effects_are_new: bool,
    /// Those that know no ids of effects: they have to be asked before anything is repeated.
    pub(crate) heedless: BTreeSet<&'static str>,
    done: BTreeMap<&'static str, Done>,
    pub(crate) calls: usize,
    pub(crate) trace: Vec<String>,
    pub(crate) wrong: Option<String>,
}

#[derive(Default)]
struct Done {
    times: u32,
    effects: BTreeSet<String>,
    undone: bool,
}

impl Outside {
    pub(crate) fn wrong(&mut self, what: String) {
        self.wrong.get_or_insert(what);
    }

    fn is_there(&self, what: &str) -> bool {
        self.done.get(what).is_some_and(|done| done.times > 0 && !done.undone)
    }

    fn undo(&mut self, what: &'static str, really: bool, gone: &[&str]) {
        for later in gone {
            if self.is_there(later) {
                self.wrong(format!("`{what}` is undone before `{later}`"));
            }
        }
        self.done.entry(what).or_default().undone |= really;
    }

    fn happens(&mut self, what: &'static str, effect: &EffectId, after: &[&str]) {
        for before in after {
            if !self.is_there(before) {
                self.wrong(format!("`{what}` happens without `{before}`"));
            }
        }
        let new = self.effects_are_new || self.heedless.contains(what);
        let done = self.done.entry(what).or_default();
        let undone = done.undone;
        if done.effects.insert(effect.to_string()) || new {
            done.times += 1;
        }
        if undone {
            self.wrong(format!("`{what}` happens after it was undone"));
        }
    }

    /// All or nothing, and nothing twice.
    pub(crate) fn check(&mut self, all: bool, services: &[&'static str]) {
        for what in services {
            let times = self.done.get(what).map_or(0, |done| done.times);
            if times > 1 {
                self.wrong(format!("`{what}` has happened {times} times"));
            }
            match (all, self.is_there(what)) {
                (true, false) => self.wrong(format!("it is complete without `{what}`")),
                (false, true) => self.wrong(format!("it went back, and `{what}` is not undone")),
                _ => {}
            }
        }
    }
}

#[derive(Clone)]
pub(crate) struct World(Arc<Mutex<Outside>>);

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("World")
    }
}

impl World {
    pub(crate) fn new(random: Random) -> Self {
        let (calm, effects_are_new, done) = (false, false, BTreeMap::new());
        let (calls, trace, wrong) = (0, Vec::new(), None);
        let heedless = BTreeSet::new();
        let outside =
            Outside { random, calm, effects_are_new, heedless, done, calls, trace, wrong };
        Self(Arc::new(Mutex::new(outside)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Outside> {
        self.0.lock().unwrap()
    }

    pub(crate) fn tell(&self, what: impl Into<String>) {
        self.lock().trace.push(what.into());
    }

    /// Says how far the lots have been drawn: two histories of one seed that differ in anything that
    /// was up to luck end with different lines.
    pub(crate) fn tell_the_next_lot(&self) {
        let next = self.below(1_000_000);
        self.tell(format!("the next lot is {next}"));
    }

    /// One number of so many.
    pub(crate) fn below(&self, most: usize) -> usize {
        self.lock().random.below(most)
    }

    /// A service is asked for something: what must be there by then, and how often it refuses.
    pub(crate) async fn act<R>(
        &self,
        what: &'static str,
        effect: &EffectId,
        after: &[&str],
        refuses: Option<(u32, R)>,
    ) -> Result<(), Outcome<R>> {
        self.tell(format!("do {what}"));
        self.lock().calls += 1;
        self.pause().await;
        if self.often(80) {
            return Err(Outcome::transient("busy"));
        }
        if self.often(80) {
            return Err(Outcome::unknown("it has not reached the other side"));
        }
        if let Some((often, refusal)) = refuses
            && !self.lock().done.contains_key(what)
            && self.often(often)
        {
            return Err(Outcome::Rejected(refusal));
        }
        self.lock().happens(what, effect, after);
        self.tell(format!("has done {what}"));
        self.pause().await;
        match self.often(120) {
            true => Err(Outcome::unknown("the answer was lost")),
            false => Ok(()),
        }
    }

    /// A service is asked whether it has done something.
    pub(crate) async fn find(&self, what: &'static str) -> Result<bool, Transient> {
        self.tell(format!("find {what}"));
        self.pause().await;
        if self.often(100) {
            return Err(Transient::new("busy"));
        }
        let found = self.lock().is_there(what);
        self.tell(format!("{what} is {}", if found { "found" } else { "not found" }));
        self.pause().await;
        match self.often(100) {
            true => Err(Transient::new("the answer was lost")),
            false => Ok(found),
        }
    }

    /// A service is asked to undo something: what must be gone by then. Without `really`, it only says
    /// that it has.
    pub(crate) async fn unact(
        &self,
        what: &'static str,
        really: bool,
        gone: &[&str],
    ) -> Result<(), Transient> {
        self.tell(format!("undo {what}"));
        self.pause().await;
        if self.often(150) {
            return Err(Transient::new("busy"));
        }
        self.lock().undo(what, really, gone);
        self.pause().await;
        match self.often(100) {
            true => Err(Transient::new("the answer was lost")),
            false => Ok(()),
        }
    }
}

impl Luck for World {
    async fn pause(&self) {
        let pause = self.below(40);
        if pause > 8 {
            tokio::time::sleep(Duration::from_millis(pause as u64)).await;
        }
    }

    fn often(&self, per_mille: u32) -> bool {
        let mut outside = self.lock();
        outside.random.per_mille(per_mille) && !outside.calm
    }
}
