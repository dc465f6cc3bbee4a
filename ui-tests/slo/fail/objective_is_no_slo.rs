//~ expected `&Slo`, found `&f64`
use reliability::sre::slo;

static CHECKOUT: f64 = 99.9;

#[slo(objective = CHECKOUT)]
async fn checkout() -> Result<(), String> {
    Ok(())
}

fn main() {}
