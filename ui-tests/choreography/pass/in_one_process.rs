use reliability::distributed::transaction::choreography::choreography;

#[path = "../shop.rs"]
mod shop;
use shop::{Card, Mail, PlaceOrder, Warehouse, place_order};

choreography! {
    /// All of it.
    Orders: PlaceOrder { Warehouse, Card, Mail, terminal Mailed }
}

fn main() {
    assert!(Orders::wiring().mermaid().contains("-- Reserved -->"));
}
