//! An event that can happen in several states, some of which lead elsewhere.
#![deny(warnings)]

use reliability::distributed::transaction::event_sourcing::{Applies, Events};
use reliability::state::StateMachine;

mod inner {
    use super::*;

    #[derive(Debug, PartialEq, StateMachine)]
    #[machine(name = "r#loop", derive(Debug, PartialEq))]
    pub enum Loop {
        #[state(initial, to(Once, Twice))]
        Never,
        #[state(to(Twice))]
        Once { by: u32 },
        #[state(to(Twice, Never))]
        Twice(u32, u32),
    }
}

use inner::{Loop, r#loop};

#[derive(Events)]
#[events(kind = "loop", aggregate = inner::Loop, states = inner::r#loop)]
enum LoopEvent {
    #[event(apply(Never => first, Once => second, Twice => again))]
    Ran(u32),
    #[event(apply(Twice => reset))]
    Reset,
}

fn reset(_: r#loop::Twice) -> r#loop::Never {
    r#loop::Never
}

fn first(_: r#loop::Never, by: &u32) -> r#loop::Once {
    r#loop::Once { by: *by }
}

fn second(once: r#loop::Once, by: &u32) -> r#loop::Twice {
    r#loop::Twice(once.by, *by)
}

fn again(twice: r#loop::Twice, by: &u32) -> r#loop::Twice {
    r#loop::Twice(twice.1, *by)
}

fn main() {
    let mut state = Loop::Never;
    for by in 1..=3 {
        state = LoopEvent::Ran(by).apply_to(state).unwrap();
    }
    assert_eq!(state, Loop::Twice(2, 3));
    assert_eq!(LoopEvent::Reset.apply_to(state), Ok(Loop::Never));
    let refused = LoopEvent::Reset.apply_to(Loop::Once { by: 1 }).unwrap_err();
    assert_eq!((refused.event, refused.state, refused.declared), ("Reset", "Once", &["Twice"][..]));
}
