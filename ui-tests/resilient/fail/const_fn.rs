//~ a `const fn` can neither wait nor try again
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(timeout = "1s")]
const fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
