//! What has a name that cannot be written down is refused before anything happens.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;

use crate::distributed::transaction::choreography::bus::{BusError, JournalBus};
use crate::distributed::transaction::choreography::participant::{Handler, Link, Participant};
use crate::distributed::transaction::choreography::{ChoreographedBuilder, Choreography, End};
use crate::distributed::transaction::saga::{
    Cx, Definition, Doing, History, Kind, Probing, Saga, Step, Undoing, Unwritable,
};
use crate::journal::{Journal, Position};

const LONG: &str = "a12345678901234567890123456789012345678901234567890123456789\
                    b12345678901234567890123456789012345678901234567890123456789";
/// As long.
const LISTEN: &str = "l12345678901234567890123456789012345678901234567890123456789\
                      b12345678901234567890123456789012345678901234567890123456789";
const LONGER: &str = "a12345678901234567890123456789012345678901234567890123456789\
                      b12345678901234567890123456789012345678901234567890123456789c";

const STEPS: [&[Step]; 2] =
    [&[Step::new(LONG, Kind::Retriable)], &[Step::new(LONGER, Kind::Retriable)]];

/// An enum of one event, as it is written by hand.
struct Made<const LONGER_NAME: bool>;

impl<const LONGER_NAME: bool> Saga for Made<LONGER_NAME> {
    type Input = u32;
    type Refusal = String;
    type Shared = ();
    type Done = ();

    const DEFINITION: Definition = Definition::new("names", 1, STEPS[LONGER_NAME as usize]);

    fn call(_: usize, _: Cx, _: Arc<History<Self>>) -> Doing<Self> {
        Box::pin(async { Ok(Self) })
    }
    fn probe(_: usize, _: Cx, _: Arc<History<Self>>) -> Probing<Self> {
        Box::pin(async { Ok(None) })
    }
    fn undo(_: usize, _: Cx, _: Arc<History<Self>>) -> Undoing {
        Box::pin(async { Ok(()) })
    }
    fn place(&self) -> usize {
        0
    }
    fn write(&self) -> Result<alloc::vec::Vec<u8>, Unwritable> {
        Ok(b"null".to_vec())
    }
    fn read(_: usize, _: &[u8]) -> Result<Self, Unwritable> {
        Ok(Self)
    }
    fn done(_: History<Self>) -> Option<()> {
        Some(())
    }
}

/// Makes the event, and listens to it under one of several names.
struct Maker<const LISTENS: usize>;

const LISTENS: [&[Link]; 3] = {
    const MAKE: Link = Link::of("maker", "make").makes(0);
    [
        &[MAKE, Link::of("maker", LISTEN).hears(&[0])],
        &[MAKE, Link::of("maker", LONGER).hears(&[0])],
        &[MAKE, Link::of("maker", LONG).hears(&[0])],
    ]
};

impl<const LONGER_NAME: bool, const N: usize> Participant<Made<LONGER_NAME>> for Maker<N> {
    const NAME: &'static str = "maker";
    const LINKS: &'static [Link] = LISTENS[N];
    const HANDLERS: &'static [Handler<Made<LONGER_NAME>, Self>] = &[
        Handler::does(|_, _, _| Box::pin(async { Ok(Some(Made)) })),
        Handler::does(|_, _, _| Box::pin(async { Ok(None) })),
    ];
}

enum Names<const LONGER_NAME: bool, const LISTENS: usize> {}

impl<const LONGER_NAME: bool, const N: usize> Choreography for Names<LONGER_NAME, N> {
    type Events = Made<LONGER_NAME>;
    type Here = (Maker<N>,);
    const ELSEWHERE: &'static [Link] = &[];
    const TERMINAL: &'static [usize] = &[];
}

#[tokio::test]
async fn the_longest_names_are_carried_to_the_end() {
    let journal = Journal::in_memory();
    let bus = JournalBus::on(&journal);
    let on = ChoreographedBuilder::<Names<false, 0>>::new(&journal, bus, (Maker,));
    let names = on.start().await.unwrap();
    let made = names.start("1", 1).await.unwrap();
    let ended = tokio::time::timeout(core::time::Duration::from_secs(60), made.ended()).await;
    assert_eq!(ended.unwrap().unwrap(), End::Completed(()));
}

/// What is refused in which setting.
async fn refused<const LONGER_NAME: bool, const N: usize>() -> (String, String) {
    let journal = Journal::in_memory();
    let bus = JournalBus::on(&journal);
    let on = ChoreographedBuilder::<Names<LONGER_NAME, N>>::new(&journal, bus, (Maker,));
    let BusError::Invalid(invalid) = on.start().await.unwrap_err() else { panic!("it is valid") };
    assert!(journal.read_all(Position::START, 1).await.unwrap().is_empty());
    (invalid.setting().to_string(), invalid.to_string())
}

#[tokio::test]
async fn what_would_be_called_for_ever_is_refused_before_anything_happens() {
    let (setting, told) = refused::<true, 0>().await;
    assert_eq!(setting, "event");
    assert!(told.contains("121 bytes") && told.contains("shorten it"), "{told}");
    let (setting, told) = refused::<false, 1>().await;
    assert_eq!(setting, "handler");
    assert!(told.contains("at most 120 bytes"), "{told}");
    // What became of the one would be taken for what became of the other.
    let (setting, told) = refused::<false, 2>().await;
    assert_eq!(setting, "handler");
    assert!(told.contains("another name than an event"), "{told}");
    assert_eq!([LONG.len(), LISTEN.len(), LONGER.len()], [120, 120, 121]);
}
