//! Names that the generated module could confuse: shadowed preludes, payloads called like their
//! state, relative paths, raw identifiers, restricted visibility.
#![deny(warnings)]
#![allow(dead_code, reason = "compiled, and walked in part")]

pub mod machines {
    pub struct Result;
    pub struct Option;
    pub struct String;
    pub struct Open(pub u8);
    pub trait From {}
    pub trait Into {}
    pub trait TryFrom {}
    pub mod core {}
    pub mod std {}

    pub mod inner {
        use super::{From, Into, Open, Option, Result, String, TryFrom};
        #[allow(unused_imports, reason = "they are there to shadow")]
        use super::{core, std};

        #[derive(reliability::state::StateMachine)]
        #[machine(name = "r#type")]
        pub(in super::super) enum Valve {
            #[state(initial, to(Open, r#Try))]
            Shut(super::Result, self::Own),
            #[state(to(Shut))]
            Open(Open),
            #[state(to(Shut))]
            r#Try { r#fn: ::std::option::Option<Option>, text: String },
        }

        pub struct Own;

        fn uses<T: From + Into + TryFrom>() {}
        type _Used = Result;
    }
}

use machines::inner::{Own, r#type};

fn main() {
    let shut = || r#type::Shut(machines::Result, Own);
    let valve = r#type::Typed::new(shut()).go(r#type::Open(machines::Open(3)));
    assert_eq!(valve.state().0.0, 3);
    let valve = valve.go(shut()).go(r#type::Try { r#fn: None, text: machines::String });
    assert!(valve.state().r#fn.is_none());
}
