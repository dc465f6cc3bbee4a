//~ `Ok` makes a value, and asks nothing of an answer; write `good = |answer| answer.is_ok()`
use reliability::sre::{Slo, slo};

static CHECKOUT: Slo = reliability::slo! { name: "checkout", availability: 99.9 };

#[slo(objective = CHECKOUT, good = Ok)]
async fn checkout() -> Result<(), String> {
    Ok(())
}

fn main() {}
