//~ `hedge` runs the body a second time while the first is under way
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(hedge)]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
