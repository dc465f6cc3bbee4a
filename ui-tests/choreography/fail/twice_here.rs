//~ this participant is here already
use reliability::distributed::transaction::choreography::choreography;

#[path = "../shop.rs"]
mod shop;
use shop::{Card, Mail, PlaceOrder, Warehouse, place_order};

choreography!(Orders: PlaceOrder { Warehouse, Card, Mail, Card, terminal Mailed });

fn main() {}
