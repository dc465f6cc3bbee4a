//~ `Reserved` is made by `warehouse` and by `depot`
use reliability::distributed::transaction::choreography::choreography;

#[path = "../shop.rs"]
mod shop;
use shop::{Card, Mail, PlaceOrder, Warehouse, place_order};

choreography! {
    Orders: PlaceOrder { Warehouse, Card, Mail, elsewhere depot { on(start => Reserved) }, terminal Mailed }
}

fn main() {}
