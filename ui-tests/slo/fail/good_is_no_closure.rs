//~ expected what judges an answer: write a closure that takes it by reference
use reliability::sre::{Slo, slo};

static CHECKOUT: Slo = reliability::slo! { name: "checkout", availability: 99.9 };

#[slo(objective = CHECKOUT, good = true)]
async fn checkout() -> Result<(), String> {
    Ok(())
}

fn main() {}
