//~ `policy = ..` wants a `Policy`, but this is a `Result<Policy,
use reliability::error::Rejected;
use reliability::resilience::{Invalid, Policy, resilient};

fn built() -> Result<Policy, Invalid> {
    Policy::builder("price").build()
}

#[resilient(policy = built())]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
