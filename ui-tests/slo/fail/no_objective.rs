//~ for which promise are calls counted? write `objective = CHECKOUT`
use reliability::sre::slo;

#[slo]
async fn checkout() -> Result<(), String> {
    Ok(())
}

fn main() {}
