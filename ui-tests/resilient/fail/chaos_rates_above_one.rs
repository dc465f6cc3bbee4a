//~ the rates add up to 1.5, but an attempt gets at most one fault
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(timeout = "1s", chaos(error(rate = 0.75), hang(rate = 0.75)))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
