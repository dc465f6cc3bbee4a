//! In functions and macros, beside names of the prelude's, and with a participant that has parameters.
#![deny(warnings)]

use reliability::distributed::transaction::choreography::{choreography, participant};
use reliability::distributed::transaction::saga::{Cx, Outcome};

#[path = "../shop.rs"]
mod shop;
use shop::{Card, Mail, PlaceOrder, Warehouse, place_order};

struct Shelf<S, const N: usize>(S);

#[participant(PlaceOrder, name = "shelf")]
impl<S: Send + Sync + 'static, const N: usize> Shelf<S, N> {
    #[on(start => Reserved, undo = none("read only"))]
    async fn look(&self, _: &Cx, _: &u64) -> Result<u32, Outcome<String>> {
        let _ = &self.0;
        Ok(1)
    }
}

mod shadowed {
    #![allow(dead_code, non_camel_case_types, reason = "they are there to be in the way")]

    use super::{Card, Mail, Shelf, place_order};
    use reliability::distributed::transaction::choreography::choreography as wire;

    pub struct Result;
    pub struct Option;
    pub struct Choreography;
    pub struct usize;
    pub struct str;

    wire! {
        /// With what is shadowed.
        #[doc(hidden)]
        pub(super) Orders: super::PlaceOrder {
            Shelf<core::primitive::u8, 3>,
            Card,
            Mail,
            terminal Mailed,
            steps = place_order,
        }
    }
}

macro_rules! wired {
    ($name:ident: $events:path { $($who:ty),+ ; $elsewhere:ident $from:ident $to:ident }) => {
        choreography! {
            pub(crate) $name: $events {
                $($who),+,
                elsewhere $elsewhere { on($from => $to) },
                terminal $to,
            }
        }
    };
}

wired!(Wired: PlaceOrder { Warehouse, Card; r#async Charged Mailed });

fn main() {
    choreography!(Inside: PlaceOrder { Warehouse, Card, Mail, terminal Mailed });

    assert!(Inside::wiring().mermaid().contains("warehouse"));
    assert!(shadowed::Orders::wiring().mermaid().contains("shelf"));
    let wired = Wired::wiring().mermaid();
    assert!(wired.contains("async") && !wired.contains("r#"), "{wired}");
    let _ = Shelf::<_, 3>(1_u8);
}
