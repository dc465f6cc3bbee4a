//! What the derive writes can be written by hand, with public names only.
#![forbid(unsafe_code)]
#![deny(warnings)]

use reliability::state::{
    AtomicMachine, Initial, Machine, Packed, PackedMachine, ReachableFrom, Refused, State,
    Transition, check,
};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Lamp {
    Off(Off),
    On(On),
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Off;

#[derive(Debug, Clone, Copy, PartialEq)]
struct On {
    level: u8,
}

impl Machine for Lamp {
    const NAME: &'static str = "lamp";
    const STATES: &'static [&'static str] = &["Off", "On"];
    const INITIAL: usize = 0;
    const FINAL: &'static [usize] = &[];
    const TRANSITIONS: &'static [Transition] =
        &[Transition { from: "Off", to: "On" }, Transition { from: "On", to: "Off" }];

    fn index(&self) -> usize {
        match self {
            Self::Off(_) => Off::INDEX,
            Self::On(_) => On::INDEX,
        }
    }

    // A rule of one's own beside the declaration: a lamp on full stays on.
    fn try_go(&mut self, next: Self) -> Result<Self, Refused<Self>> {
        let transition = Transition { from: self.state_name(), to: next.state_name() };
        match (*self, next) {
            (Self::On(On { level: 255 }), _) | (Self::Off(_), Self::Off(_)) | (Self::On(_), Self::On(_)) => {
                Err(Refused::new(transition, next))
            }
            (Self::Off(_), Self::On(_)) | (Self::On(_), Self::Off(_)) => Ok(std::mem::replace(self, next)),
        }
    }
}

macro_rules! state {
    ($state:ident, $index:literal, from $previous:ident) => {
        impl From<$state> for Lamp {
            fn from(state: $state) -> Self {
                Self::$state(state)
            }
        }

        impl TryFrom<Lamp> for $state {
            type Error = Lamp;

            fn try_from(lamp: Lamp) -> Result<Self, Lamp> {
                if let Lamp::$state(state) = lamp { Ok(state) } else { Err(lamp) }
            }
        }

        impl State<Lamp> for $state {
            const INDEX: usize = $index;
            const NAME: &'static str = stringify!($state);
        }

        impl ReachableFrom<$previous> for $state {}
    };
}

state!(Off, 0, from On);
state!(On, 1, from Off);

impl Initial for Off {}

impl Packed for Off {
    const BITS: u32 = 0;

    fn to_bits(self) -> u32 {
        0
    }

    fn from_bits(_: u32) -> Self {
        Self
    }
}

impl Packed for On {
    const BITS: u32 = 8;

    fn to_bits(self) -> u32 {
        self.level.into()
    }

    fn from_bits(bits: u32) -> Self {
        Self { level: bits as u8 }
    }
}

impl PackedMachine for Lamp {
    fn unpack(index: usize, bits: u32) -> Self {
        match index {
            Off::INDEX => Off::from_bits(bits).into(),
            _ => On::from_bits(bits).into(),
        }
    }
}

static LAMP: AtomicMachine<Lamp> = AtomicMachine::new();

fn main() {
    let on = LAMP.transition::<Off, _>(LAMP.load(), On { level: 7 }).unwrap();
    assert_eq!(on.machine(), Lamp::On(On { level: 7 }));

    check(|| [Lamp::Off(Off), Lamp::On(On { level: 1 })]).unwrap();
    let stuck = check(|| [Lamp::Off(Off), Lamp::On(On { level: 255 })]).unwrap_err();
    assert_eq!(stuck.to_string(), "lamp: `On -> Off` is declared, and was refused");
}
