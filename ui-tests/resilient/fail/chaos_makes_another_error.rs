//~ mismatched types
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(chaos(error(rate = 0.01, make = broken)))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn broken() -> std::io::Error {
    std::io::ErrorKind::BrokenPipe.into()
}

fn main() {}
