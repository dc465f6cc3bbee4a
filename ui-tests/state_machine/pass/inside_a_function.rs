//! Inside a function, with data of types from outside of it.
#![deny(warnings)]

mod outer {
    #[derive(Debug, Clone)]
    pub(super) struct Data(pub(super) u8);
}
use outer::Data;

fn main() {
    use reliability::state::StateMachine;

    #[derive(Debug, StateMachine)]
    #[machine(name = "light", derive(Debug, Clone))]
    enum Light {
        #[state(initial, to(On))]
        Off,
        #[state(to(Off))]
        On { data: Data, count: Option<Vec<u32>> },
    }

    let on = light::Typed::new(light::Off).go(light::On { data: Data(1), count: None });
    assert!(matches!(Light::from(on), Light::On { data: Data(1), count: None }));
}
