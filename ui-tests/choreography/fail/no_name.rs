//~ write `choreography!(pub Orders: PlaceOrder {
use reliability::distributed::transaction::choreography::choreography;

choreography!(PlaceOrder { Warehouse });

fn main() {}
