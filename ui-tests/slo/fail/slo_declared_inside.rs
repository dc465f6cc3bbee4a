//~ a promise is counted in one place: declare it
use reliability::sre::slo;

#[slo(objective = reliability::slo! { name: "checkout", availability: 99.9 })]
async fn checkout() -> Result<(), String> {
    Ok(())
}

fn main() {}
