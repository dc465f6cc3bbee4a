//~ say it with `#[slo(objective = .., good = |answer| ..)]`, or return a `Result`
use reliability::sre::{Slo, slo};

static CHECKOUT: Slo = reliability::slo! { name: "checkout", availability: 99.9 };

#[slo(objective = CHECKOUT)]
async fn checkout() -> u16 {
    503
}

fn main() {}
