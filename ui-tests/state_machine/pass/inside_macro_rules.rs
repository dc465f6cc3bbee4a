//! A machine that a declarative macro writes, with fragments of every kind.
#![deny(warnings)]

use reliability::state::StateMachine;

macro_rules! machine {
    ($vis:vis $name:ident, $module:literal, $first:ident -> $second:ident($data:ty), $derive:path) => {
        #[derive(Debug, StateMachine)]
        #[machine(name = $module, derive(Debug, $derive))]
        $vis enum $name {
            #[state(initial, to($second))]
            $first,
            #[state(to($first))]
            $second(Vec<$data>, $data),
        }
    };
}

machine!(pub Lamp, "lamp", Off -> On(Option<u8>), Clone);
machine!(Fan, "fan", Still -> Turning(u32), Clone);

fn main() {
    let on = lamp::Typed::new(lamp::Off).go(lamp::On(vec![None], Some(3)));
    assert_eq!(on.clone().state().1, Some(3));
    let fan = fan::Typed::new(fan::Still).go(fan::Turning(vec![], 7)).go(fan::Still);
    assert!(matches!(Fan::from(fan), Fan::Still));
}
