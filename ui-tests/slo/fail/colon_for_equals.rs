//~ a setting has `=` before its value, as in `objective = ..`
use reliability::sre::{Slo, slo};

static CHECKOUT: Slo = reliability::slo! { name: "checkout", availability: 99.9 };

#[slo(objective: CHECKOUT)]
async fn checkout() -> Result<(), String> {
    Ok(())
}

fn main() {}
