//~ write `objective = CHECKOUT`
use reliability::sre::{Slo, slo};

static CHECKOUT: Slo = reliability::slo! { name: "checkout", availability: 99.9 };

#[slo(CHECKOUT)]
fn checkout() -> Result<(), u8> {
    Ok(())
}

fn main() {
    let _ = checkout();
}
