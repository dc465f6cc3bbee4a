use alloc::string::ToString as _;

use super::{AtomicMachine, Machine as _, Packed, StateMachine, check};

#[derive(Debug, Clone, PartialEq, StateMachine)]
#[machine(name = "parcel", derive(Debug, Clone, Copy, PartialEq), atomic)]
enum Parcel {
    #[state(initial, to(Sent))]
    Packed { weight: u16 },
    #[state(to(Sent, Arrived, Lost))]
    Sent(Hops),
    #[state(final)]
    Arrived,
    #[state(final, to(Arrived))]
    Lost,
}

#[derive(Debug, Clone, Copy, PartialEq, Packed)]
struct Hops(u8);

#[test]
fn declared_edges_and_no_others_are_accepted_at_run_time() {
    check(|| {
        let sent = Parcel::Sent(Hops(1));
        [Parcel::Packed { weight: 3 }, sent, Parcel::Arrived, Parcel::Lost]
    })
    .unwrap();
}

#[test]
fn a_refusal_changes_nothing_and_says_what_is_declared() {
    let mut parcel = Parcel::Packed { weight: 3 };
    let refused = parcel.try_go(Parcel::Arrived).unwrap_err();
    assert_eq!(parcel, Parcel::Packed { weight: 3 });
    assert_eq!(refused.next, Parcel::Arrived);
    assert_eq!(
        refused.to_string(),
        "parcel cannot go from `Packed` to `Arrived`; declared: `Sent`"
    );
    let end = Parcel::Arrived.try_go(Parcel::Lost).unwrap_err();
    assert_eq!(end.to_string(), "parcel cannot go from `Arrived` to `Lost`; it is an end");
}

#[test]
fn diagrams_name_start_edges_and_ends() {
    assert_eq!(
        Parcel::mermaid(),
        "stateDiagram-v2\n    [*] --> Packed\n    Packed --> Sent\n    Sent --> Sent\n    \
         Sent --> Arrived\n    Sent --> Lost\n    Lost --> Arrived\n    Arrived --> [*]\n    \
         Lost --> [*]\n"
    );
    assert_eq!(
        Parcel::dot(),
        "digraph parcel {\n    node [shape=box, style=rounded];\n    \"\" [shape=point];\n    \
         Arrived [peripheries=2];\n    Lost [peripheries=2];\n    \"\" -> Packed;\n    \
         Packed -> Sent;\n    Sent -> Sent;\n    Sent -> Arrived;\n    Sent -> Lost;\n    \
         Lost -> Arrived;\n}\n"
    );
}

#[test]
fn the_cell_keeps_state_data_and_visits_apart() {
    let cell = AtomicMachine::<Parcel>::with(parcel::Packed { weight: u16::MAX });
    let packed = cell.load();
    assert_eq!(packed.get(), Some(parcel::Packed { weight: u16::MAX }));
    let mut seen = cell.transition::<parcel::Packed, _>(packed, parcel::Sent(Hops(0))).unwrap();
    for hop in 1..=255 {
        let next = cell.transition::<parcel::Sent, _>(seen, parcel::Sent(Hops(hop))).unwrap();
        assert!(!next.same_visit(seen));
        assert_eq!(next.machine(), Parcel::Sent(Hops(hop)));
        seen = next;
    }
    assert_eq!(seen.generation(), 256);
    let found = cell.transition::<parcel::Packed, _>(packed, parcel::Sent(Hops(0))).unwrap_err();
    assert_eq!(found, seen);
    // Not in the state that the caller believes in: nothing happens, whatever was seen.
    assert_eq!(cell.transition::<parcel::Lost, _>(seen, parcel::Arrived), Err(seen));
    assert_eq!(cell.update(seen, parcel::Lost), Err(seen));
    let arrived = cell.transition::<parcel::Sent, _>(seen, parcel::Arrived).unwrap();
    assert_eq!(arrived.state_name(), Parcel::STATES[2]);
}

#[test]
fn the_generation_wraps_without_touching_the_state() {
    let cell = AtomicMachine::<Parcel>::new();
    let sent = cell.transition::<parcel::Packed, _>(cell.load(), parcel::Sent(Hops(7))).unwrap();
    let before_the_wrap = super::Snapshot::<Parcel>::from_word(sent.word() | 0x0FFF_FFFF << 32);
    assert_eq!(before_the_wrap.generation(), (1 << 28) - 1);
    let wrapped = before_the_wrap.followed_by(parcel::Sent(Hops(7)));
    assert_eq!(wrapped.generation(), 0);
    assert_eq!(wrapped.get(), Some(parcel::Sent(Hops(7))));
}

#[test]
fn a_cell_crosses_threads_whatever_the_machine_holds() {
    fn crosses<T: Send + Sync>() {}
    crosses::<AtomicMachine<Parcel>>();
    assert_eq!(size_of::<AtomicMachine<Parcel>>(), 8);
    assert_eq!(parcel::Sent::BITS, 8);
}
