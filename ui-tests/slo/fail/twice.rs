//~ `#[slo]` is here twice; keep one
use reliability::sre::{Slo, slo};

static CHECKOUT: Slo = reliability::slo! { name: "checkout", availability: 99.9 };

#[slo(objective = CHECKOUT)]
#[slo(objective = CHECKOUT, good = |answer| answer.is_ok())]
async fn checkout() -> Result<(), String> {
    Ok(())
}

fn main() {}
