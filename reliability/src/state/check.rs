use alloc::{format, string::String, vec::Vec};
use core::{error::Error, fmt};

use super::{Machine, Transition, machine::name};

/// Walks every pair of samples, and says where the machine at run time and its declaration
/// disagree: a declared transition that is refused, another that is accepted, a refusal that
/// changes something.
///
/// For users' tests. `samples` is called anew for each pair; it gives at least one value for
/// each state, and more where the data decides.
///
/// # Errors
///
/// All disagreements, and the states without a sample.
///
/// # Examples
///
/// ```
/// use reliability::state::{StateMachine, check};
///
/// #[derive(StateMachine)]
/// #[machine(name = "door")]
/// enum Door {
///     #[state(initial, to(Open))]
///     Closed,
///     #[state(to(Closed))]
///     Open { since: u32 },
/// }
///
/// check(|| [Door::Closed, Door::Open { since: 3 }])?;
///
/// let forgetful = check(|| [Door::Closed]).unwrap_err();
/// assert_eq!(forgetful.to_string(), "door: no sample of `Open`");
/// # Ok::<(), reliability::state::Mismatch>(())
/// ```
pub fn check<M, S>(mut samples: impl FnMut() -> S) -> Result<(), Mismatch>
where
    M: Machine,
    S: IntoIterator<Item = M>,
{
    let mut complaints = complaints_about_table::<M>();
    let states: Vec<usize> = samples().into_iter().map(|sample| sample.index()).collect();
    for (index, state) in M::STATES.iter().enumerate() {
        if !states.contains(&index) {
            complaints.push(format!("no sample of `{state}`"));
        }
    }
    for from in 0..states.len() {
        for to in 0..states.len() {
            let pair = (samples().into_iter().nth(from), samples().into_iter().nth(to));
            match pair {
                (Some(from), Some(to)) => complaints.extend(complaint_about_pair(from, to)),
                _ => complaints.push(String::from("`samples` gave fewer values than before")),
            }
        }
    }
    if complaints.is_empty() { Ok(()) } else { Err(Mismatch { machine: M::NAME, complaints }) }
}

/// What no pair shows: a table that speaks of states which do not exist.
fn complaints_about_table<M: Machine>() -> Vec<String> {
    let exists = |state: &&str| M::STATES.contains(state);
    let ends = M::TRANSITIONS.iter().flat_map(|edge| [edge.from, edge.to]);
    let mut complaints: Vec<String> = ends
        .filter(|state| !exists(state))
        .map(|state| format!("a transition of `{state}`, which is no state"))
        .collect();
    for index in core::iter::once(&M::INITIAL).chain(M::FINAL) {
        if *index >= M::STATES.len() {
            complaints.push(format!("state {index} of {}", M::STATES.len()));
        }
    }
    complaints
}

fn complaint_about_pair<M: Machine>(mut machine: M, next: M) -> Option<String> {
    let (from, to) = (machine.index(), next.index());
    let edge = Transition { from: name::<M>(from), to: name::<M>(to) };
    let declared = M::TRANSITIONS.contains(&edge);
    let outcome = machine.try_go(next);
    let after = machine.index();
    let fault = match outcome {
        Ok(_) if !declared => "is not declared, and was accepted",
        Err(_) if declared => "is declared, and was refused",
        Ok(_) if after != to => "was accepted, and went elsewhere",
        Ok(previous) if previous.index() != from => "gave another state than the one it left",
        Err(_) if after != from => "was refused, and changed the state",
        Err(refused) if refused.next.index() != to => "was refused, and gave another state back",
        Ok(_) | Err(_) => return None,
    };
    Some(format!("`{edge}` {fault}"))
}

/// Where a machine and its declaration disagree, as [`check`] found it.
///
/// # Examples
///
/// ```
/// use reliability::state::{Machine, Transition, check};
///
/// struct Door {
///     open: bool,
/// }
///
/// impl Machine for Door {
///     const NAME: &'static str = "door";
///     const STATES: &'static [&'static str] = &["Shut", "Open"];
///     const INITIAL: usize = 0;
///     const FINAL: &'static [usize] = &[];
///     const TRANSITIONS: &'static [Transition] = &[Transition { from: "Shut", to: "Open" }];
///
///     fn index(&self) -> usize {
///         usize::from(self.open)
///     }
/// }
///
/// // No sample of an open door was given, so that nothing is known of it.
/// let mismatch = check::<Door, _>(|| [Door { open: false }]).unwrap_err();
/// assert_eq!(mismatch.complaints().len(), 1);
/// println!("{mismatch}");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Mismatch {
    machine: &'static str,
    complaints: Vec<String>,
}

impl Mismatch {
    /// One sentence for each disagreement.
    #[must_use]
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.machine, self.complaints.join("; "))
    }
}

/// As it is displayed, one complaint a line: it is read in the output of a failed test.
impl fmt::Debug for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.machine)?;
        self.complaints.iter().try_for_each(|complaint| write!(f, "\n    {complaint}"))
    }
}

impl Error for Mismatch {}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;
    use crate::state::Refused;

    /// Off and on, by hand, with a twin that can be wrong in every way.
    #[derive(Clone, Copy)]
    struct Switch {
        on: bool,
        fault: Fault,
    }

    #[derive(Clone, Copy, PartialEq)]
    enum Fault {
        None,
        AcceptsAll,
        RefusesAll,
        StaysAfterAccepting,
        ChangesOnRefusal,
    }

    impl Machine for Switch {
        const NAME: &'static str = "switch";
        const STATES: &'static [&'static str] = &["Off", "On"];
        const INITIAL: usize = 0;
        const FINAL: &'static [usize] = &[];
        const TRANSITIONS: &'static [Transition] =
            &[Transition { from: "Off", to: "On" }, Transition { from: "On", to: "Off" }];

        fn index(&self) -> usize {
            self.on.into()
        }

        fn try_go(&mut self, next: Self) -> Result<Self, Refused<Self>> {
            let edge = Transition { from: self.state_name(), to: next.state_name() };
            let before = *self;
            let declared = Self::TRANSITIONS.contains(&edge);
            match self.fault {
                Fault::AcceptsAll => *self = next,
                Fault::RefusesAll => return Err(Refused::new(edge, next)),
                Fault::StaysAfterAccepting if declared => {}
                Fault::ChangesOnRefusal if !declared => {
                    self.on = !self.on;
                    return Err(Refused::new(edge, next));
                }
                _ if declared => *self = next,
                _ => return Err(Refused::new(edge, next)),
            }
            Ok(before)
        }
    }

    fn complaints(fault: Fault) -> Vec<String> {
        check(|| [false, true].map(|on| Switch { on, fault }))
            .map_or_else(|mismatch| mismatch.complaints().to_vec(), |()| Vec::new())
    }

    #[test]
    fn every_way_to_disagree_is_found_and_named() {
        assert!(complaints(Fault::None).is_empty());
        for (fault, expected) in [
            (Fault::AcceptsAll, "`Off -> Off` is not declared, and was accepted"),
            (Fault::RefusesAll, "`Off -> On` is declared, and was refused"),
            (Fault::StaysAfterAccepting, "`Off -> On` was accepted, and went elsewhere"),
            (Fault::ChangesOnRefusal, "`Off -> Off` was refused, and changed the state"),
        ] {
            let complaints = complaints(fault);
            assert_eq!(complaints.len(), 2, "{complaints:?}");
            assert_eq!(complaints[0], expected);
        }
    }
}
