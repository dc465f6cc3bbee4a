//~ `Nobody` is no participant of `PlaceOrder`
use reliability::distributed::transaction::choreography::choreography;

#[path = "../shop.rs"]
mod shop;
use shop::{Card, Mail, PlaceOrder, Warehouse, place_order};

struct Nobody;

choreography!(Orders: PlaceOrder { Warehouse, Card, Mail, Nobody, terminal Mailed });

fn main() {}
