//~ `skip` is for a method
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(skip)]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
