//! Every state that a small model can get into, for the tests of protocols.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::hash::Hash;
use std::collections::HashMap;

/// What [`walk`] has found.
pub(super) struct Walked<S> {
    /// Each state, with the one before it on a shortest way, and the step between them.
    from: HashMap<S, Option<(S, String)>>,
    /// How many states were made, those that were there already among them.
    pub(super) generated: usize,
    /// How many states are on the longest of the shortest ways.
    pub(super) depth: usize,
}

/// Walks from `start` along all steps, breadth first.
pub(super) fn walk<S, Steps>(start: S, steps: impl Fn(&S) -> Steps) -> Walked<S>
where
    S: Clone + Eq + Hash,
    Steps: IntoIterator<Item = (String, S)>,
{
    let mut from = HashMap::from([(start.clone(), None)]);
    let mut queue = VecDeque::from([(start, 1)]);
    let (mut generated, mut depth) = (1, 1);
    while let Some((state, at)) = queue.pop_front() {
        for (step, next) in steps(&state) {
            generated += 1;
            if !from.contains_key(&next) {
                depth = depth.max(at + 1);
                from.insert(next.clone(), Some((state.clone(), step)));
                queue.push_back((next, at + 1));
            }
        }
    }
    Walked { from, generated, depth }
}

impl<S: Clone + Eq + Hash> Walked<S> {
    /// All states.
    pub(super) fn states(&self) -> impl Iterator<Item = &S> {
        self.from.keys()
    }

    /// How many states there are.
    pub(super) fn distinct(&self) -> usize {
        self.from.len()
    }

    /// The states of which that holds.
    pub(super) fn those(&self, which: impl Fn(&S) -> bool) -> Vec<&S> {
        self.states().filter(|state| which(state)).collect()
    }

    /// The steps of a shortest way to a state of which that holds.
    pub(super) fn shortest(&self, which: impl Fn(&S) -> bool) -> Option<Vec<&str>> {
        let ways = self.states().filter(|state| which(state)).map(|state| self.way(state));
        ways.min_by_key(Vec::len)
    }

    fn way<'a>(&'a self, mut state: &'a S) -> Vec<&'a str> {
        let mut steps = Vec::new();
        while let Some(Some((before, step))) = self.from.get(state) {
            steps.push(step.as_str());
            state = before;
        }
        steps.reverse();
        steps
    }
}
