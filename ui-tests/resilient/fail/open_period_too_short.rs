//~ this duration must be from `"1ms"` to `"7d"`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(breaker(open_for = "500us"))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
