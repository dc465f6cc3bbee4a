//! The module, its structs and their fields are seen exactly where the enum is.
#![deny(warnings)]

mod outer {
    pub mod inner {
        mod private {
            pub struct Data(pub u8);
        }
        use private::Data;

        #[derive(reliability::state::StateMachine)]
        #[machine(name = "own")]
        enum Own {
            #[state(initial, to(Full))]
            Empty,
            #[state(to(Empty))]
            Full(Data),
        }

        #[derive(reliability::state::StateMachine)]
        #[machine(name = "shared")]
        pub(super) enum Shared {
            #[state(initial, to(Full))]
            Empty,
            #[state(to(Empty))]
            Full { count: u8 },
        }

        #[derive(reliability::state::StateMachine)]
        #[machine(name = "of_crate")]
        pub(crate) enum OfCrate {
            #[state(initial, to(Full))]
            Empty,
            #[state(to(Empty))]
            Full(u8),
        }

        // Methods of one state may use what the holder has inside.
        impl own::Typed<own::Full, u8> {
            fn drain(mut self) -> own::Typed<own::Empty, u8> {
                self.shared += self.state.0.0;
                self.go(own::Empty)
            }
        }

        pub fn sum() -> u8 {
            let full = own::Typed::new(own::Empty).with(1).go(own::Full(Data(2)));
            let mut empty = full.drain();
            *empty.shared_mut() += 4;
            *empty.shared()
        }
    }

    pub fn count() -> u8 {
        let mut full = inner::shared::Typed::new(inner::shared::Empty)
            .go(inner::shared::Full { count: 3 });
        full.state_mut().count += 1;
        match inner::Shared::from(full) {
            inner::Shared::Empty => 0,
            inner::Shared::Full { count } => count,
        }
    }
}

fn main() {
    assert_eq!(outer::inner::sum(), 7);
    assert_eq!(outer::count(), 4);
    let full = outer::inner::OfCrate::Full(9);
    assert_eq!(outer::inner::of_crate::Full::try_from(full).map(|full| full.0).ok(), Some(9));
}
