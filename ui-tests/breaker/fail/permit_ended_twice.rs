//~ a permit is for one call, and this one has ended: `acquire` another for the next
use reliability::error::Rejected;
use reliability::resilience::Breaker;

fn two_calls(breaker: &Breaker) -> Result<(), Rejected> {
    let permit = breaker.acquire()?;
    permit.success();
    permit.failure();
    Ok(())
}

fn main() {
    let _ = two_calls;
}
