//~ `Charged` is said to be terminal, and somebody handles it
use reliability::distributed::transaction::choreography::choreography;

#[path = "../shop.rs"]
mod shop;
use shop::{Card, Mail, PlaceOrder, Warehouse, place_order};

choreography!(Orders: PlaceOrder { Warehouse, Card, Mail, terminal Mailed, terminal Charged });

fn main() {}
