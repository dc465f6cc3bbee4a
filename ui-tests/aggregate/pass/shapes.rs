//! Structs and enums, inside of a function and of a macro, under names that shadow the prelude's.
#![deny(warnings)]

use reliability::distributed::transaction::event_sourcing::{Aggregate, Events, given};

#[allow(dead_code, reason = "they are there to be in the way")]
mod shadowed {
    use reliability::distributed::transaction::event_sourcing::{Aggregate, Events};

    pub struct Result;
    pub struct Option;
    pub struct Vec;
    pub struct Default;
    pub trait Into {}
    pub enum Ok {}
    pub enum Some {}

    #[derive(Debug, core::default::Default, Aggregate)]
    #[aggregate(command = (), event = Event, refuse = (), decide = Counter::decided)]
    pub struct Counter(pub u32);

    #[derive(Debug, PartialEq, Events)]
    #[events(kind = "counter", aggregate = Counter)]
    pub enum Event {
        #[event(apply = Counter::add)]
        Added(u32),
        #[event(apply = Counter::reset)]
        Reset,
    }

    impl Counter {
        fn decided(&self, (): &()) -> core::result::Result<std::vec::Vec<Event>, ()> {
            core::result::Result::Ok(vec![Event::Reset, Event::Added(self.0 + 1)])
        }

        fn add(&mut self, by: &u32) {
            self.0 += by;
        }

        fn reset(&mut self) {
            self.0 = 0;
        }
    }
}

macro_rules! light {
    ($name:ident, $event:ident, $kind:literal, $command:ty) => {
        #[derive(Debug, PartialEq, Aggregate)]
        #[aggregate(command = $command, event = $event, refuse = (), decide = $name::press, initial = $name::off)]
        enum $name {
            On,
            Off,
        }

        #[derive(Debug, PartialEq, Events)]
        #[events(kind = $kind, aggregate = $name)]
        enum $event {
            #[event(apply = $name::set)]
            Switched(bool),
        }

        impl $name {
            fn off() -> Self {
                Self::Off
            }

            fn press(&self, _: &$command) -> Result<Vec<$event>, ()> {
                Ok(vec![$event::Switched(*self == Self::Off)])
            }

            fn set(&mut self, on: &bool) {
                *self = if *on { Self::On } else { Self::Off };
            }
        }
    };
}

light!(Lamp, LampEvent, "lamp", Option<u32>);

fn main() {
    #[derive(Default, Aggregate)]
    #[aggregate(command = u8, event = LocalEvent, refuse = u8, decide = decide)]
    struct Local {
        last: u8,
    }

    #[derive(Debug, PartialEq, Events)]
    #[events(kind = "local", aggregate = Local)]
    enum LocalEvent {
        #[event(apply = set)]
        Set(u8),
    }

    fn set(local: &mut Local, to: &u8) {
        local.last = *to;
    }

    fn decide(_: &Local, to: &u8) -> Result<Vec<LocalEvent>, u8> {
        if *to > 3 { Err(*to) } else { Ok(vec![LocalEvent::Set(*to)]) }
    }

    given::<Local>([]).when(&4).then_refused(&4);
    assert_eq!(given::<Local>([]).when(&3).then([LocalEvent::Set(3)]).last, 3);
    given::<Lamp>([]).when(&None).then([LampEvent::Switched(true)]);
    given::<Lamp>([LampEvent::Switched(true)]).when(&None).then([LampEvent::Switched(false)]);
    let counter = given::<shadowed::Counter>([shadowed::Event::Added(3)]).when(&());
    let counter = counter.then([shadowed::Event::Reset, shadowed::Event::Added(4)]);
    assert_eq!(counter.0, 4);
}
