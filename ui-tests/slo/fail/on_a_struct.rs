//~ `#[slo]` goes on a function
use reliability::sre::{Slo, slo};

static CHECKOUT: Slo = reliability::slo! { name: "checkout", availability: 99.9 };

#[slo(objective = CHECKOUT)]
struct Checkout;

fn main() {}
