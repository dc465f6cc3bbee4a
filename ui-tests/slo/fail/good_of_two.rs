//~ write a closure that takes it by reference
use reliability::sre::{Slo, slo};

static CHECKOUT: Slo = reliability::slo! { name: "checkout", availability: 99.9 };

#[slo(objective = CHECKOUT, good = |sku, answer| answer > sku)]
fn checkout(sku: u8) -> u8 {
    sku
}

fn main() {
    checkout(1);
}
