//~ `policy = ..` and `monitor` exclude each other
use reliability::error::Rejected;
use reliability::resilience::{Policy, resilient};

#[resilient(policy = shared(), monitor)]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn shared() -> Policy {
    Policy::builder("shared").fallback().build().unwrap()
}

fn main() {}
