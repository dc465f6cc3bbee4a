//! Which methods of gRPC there are, as far as answers tell.
//!
//! Whoever stands before the router answers to every path there could be: who refuses callers, or turns
//! them away while there are too many. Were each path a series, callers could fill all of them, and
//! methods that come later would be told apart no more. So a method has a name from its first good
//! answer on, which nobody gives to a path that leads nowhere. Before that only some have: those of a
//! service that has failed since it began.

use alloc::boxed::Box;
use core::hash::BuildHasher;
use std::sync::OnceLock;

use hashbrown::DefaultHashBuilder;

use super::grpc::Code;

/// More than any process serves.
static PROVEN: Methods<512> = Methods::new();
static GUESSED: Methods<16> = Methods::new();

/// A path longer than that is no method that anybody has declared.
const BYTES_MAX: usize = 256;

/// Whether the server's calls of that method, of which one ended so, are told apart from others.
pub(super) fn is_known(method: &str, code: Option<Code>) -> bool {
    knows(&PROVEN, &GUESSED, method, code)
}

fn knows<const P: usize, const G: usize>(
    proven: &Methods<P>,
    guessed: &Methods<G>,
    method: &str,
    code: Option<Code>,
) -> bool {
    if method.len() > BYTES_MAX {
        return false;
    }
    match code {
        Some(Code::OK) => proven.add(method),
        // What a router says of a path that leads nowhere.
        Some(Code::UNIMPLEMENTED) => proven.has(method),
        _ => proven.has(method) || guessed.add(method),
    }
}

/// So many names at most, found without a lock: a place that is filled stays as it is.
struct Methods<const N: usize> {
    places: [OnceLock<Box<str>>; N],
    hash: OnceLock<DefaultHashBuilder>,
}

/// How many places are looked at. Where they are full of others, there is no room.
const PROBES: usize = 8;

impl<const N: usize> Methods<N> {
    const fn new() -> Self {
        Self { places: [const { OnceLock::new() }; N], hash: OnceLock::new() }
    }

    fn has(&self, method: &str) -> bool {
        self.places_of(method).map_while(OnceLock::get).any(|there| **there == *method)
    }

    /// Whether it is there now.
    fn add(&self, method: &str) -> bool {
        self.places_of(method).any(|place| **place.get_or_init(|| method.into()) == *method)
    }

    fn places_of(&self, method: &str) -> impl Iterator<Item = &OnceLock<Box<str>>> {
        // Of a hasher that no caller knows, so that none can choose names that meet.
        let hash = self.hash.get_or_init(DefaultHashBuilder::default).hash_one(method);
        let first = hash as usize % N;
        (first..first + PROBES.min(N)).map(|at| &self.places[at % N])
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use alloc::format;
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn refusals_of_any_path_take_no_room_from_methods_that_there_are() {
        let (proven, guessed) = (Methods::<512>::new(), Methods::<16>::new());
        let refused = Some(Code::UNKNOWN);
        let is_known = |method: &str, code| knows(&proven, &guessed, method, code);
        let guesses: Vec<_> = (0..5_000).map(|n| format!("shop.Guess/{n}")).collect();
        let told = guesses.iter().filter(|guess| is_known(guess, refused)).count();
        assert!((8..=16).contains(&told), "{told}");
        let again = guesses.iter().filter(|guess| is_known(guess, refused)).count();
        assert_eq!(again, told, "a name stays");
        assert!(guesses.iter().all(|guess| !is_known(guess, Some(Code::UNIMPLEMENTED))));

        assert!(is_known("shop.Orders/Take", Some(Code::OK)));
        for code in [refused, Some(Code::UNIMPLEMENTED), Some(Code::CANCELLED), None] {
            assert!(is_known("shop.Orders/Take", code), "{code:?}");
        }
        assert!(!is_known(&"x".repeat(BYTES_MAX + 1), Some(Code::OK)));
    }

    #[test]
    fn many_threads_that_meet_know_the_same_names() {
        let methods = Methods::<64>::new();
        let names: Vec<_> = (0..40).map(|n| format!("shop.Orders/{n}")).collect();
        let all = std::sync::Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    all.wait();
                    for name in &names {
                        let is_there = methods.add(name);
                        assert_eq!(methods.has(name), is_there, "{name}");
                    }
                });
            }
        });
        let filled: Vec<_> = methods.places.iter().filter_map(OnceLock::get).collect();
        let different: alloc::collections::BTreeSet<_> = filled.iter().collect();
        assert_eq!(different.len(), filled.len(), "none is there twice");
    }
}
