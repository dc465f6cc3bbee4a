//~ did you mean `good`?
use reliability::sre::{Slo, slo};

static CHECKOUT: Slo = reliability::slo! { name: "checkout", availability: 99.9 };

#[slo(objective = CHECKOUT, god = |answer| answer.is_ok())]
async fn checkout() -> Result<(), String> {
    Ok(())
}

fn main() {}
