//~ `good` says `u8` of an answer, which is neither `bool` nor `Outcome`
use reliability::sre::{Slo, slo};

static CHECKOUT: Slo = reliability::slo! { name: "checkout", availability: 99.9 };

#[slo(objective = CHECKOUT, good = |answer| *answer)]
fn checkout(sku: u8) -> u8 {
    sku
}

fn main() {
    checkout(1);
}
