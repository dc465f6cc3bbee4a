//! The machine of the front page: every shape of variant, and all that the derive writes.
#![forbid(unsafe_code)]
#![deny(missing_docs, warnings)]

use reliability::state::{StateMachine, Transition};

/// A moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick(u64);

/// A door.
#[derive(Debug, Clone, PartialEq, StateMachine)]
#[machine(name = "door", derive(Debug, Clone, PartialEq))]
pub enum Door {
    /// Shut, but not locked.
    #[state(initial, to(Open, Locked))]
    Closed,
    /// Anybody may pass.
    #[state(to(Closed))]
    Open {
        /// Since when.
        since: Tick,
    },
    /// Nobody passes.
    #[state(to(Closed), final)]
    Locked(u32),
}

impl door::Typed<door::Closed> {
    fn open(self, now: u64) -> door::Typed<door::Open> {
        self.go(door::Open { since: Tick(now) })
    }
}

impl door::Typed<door::Locked> {
    fn unlock(self, code: u32) -> Result<door::Typed<door::Closed>, Self> {
        if self.state.0 == code { Ok(self.go(door::Closed)) } else { Err(self) }
    }
}

fn main() {
    let open = door::Typed::new(door::Closed).open(7);
    assert_eq!(open.state().since, Tick(7));
    let locked = open.go(door::Closed).go(door::Locked(42));
    let locked = locked.unlock(1).unwrap_err();
    let mut door = Door::from(locked.unlock(42).unwrap());
    assert_eq!(door, Door::Closed);

    let refused = door.try_go(Door::Closed).unwrap_err();
    assert_eq!(refused.to_string(), "door cannot go from `Closed` to `Closed`; declared: `Open`, `Locked`");
    assert_eq!(door.try_go(Door::Open { since: Tick(1) }).unwrap(), Door::Closed);
    let open = door::Open::try_from(door.clone()).unwrap();
    assert_eq!(Door::from(open), door);
    assert_eq!(door::Locked::try_from(door.clone()).unwrap_err(), door);
    let typed = door::Typed::<door::Open>::try_from(door).unwrap();
    let (_, shared) = typed.with("shared").go(door::Closed).into_parts();
    assert_eq!(shared, "shared");

    assert_eq!(Door::TRANSITIONS[1], Transition { from: "Closed", to: "Locked" });
    assert_eq!(Door::TRANSITIONS.len(), 4);
    assert!(Door::mermaid().contains("Closed --> Open"));
    assert!(Door::dot().contains("Closed -> Open;"));
}
