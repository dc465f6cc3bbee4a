//~ calls of a `const fn` cannot be counted
use reliability::sre::{Slo, slo};

static CHECKOUT: Slo = reliability::slo! { name: "checkout", availability: 99.9 };

#[slo(objective = CHECKOUT)]
const fn checkout() -> Result<(), String> {
    Ok(())
}

fn main() {}
