use reliability::error::Rejected;
use reliability::resilience::Breaker;

fn main() -> Result<(), Rejected> {
    let breaker = Breaker::standard("inventory");
    breaker.acquire()?.success();
    breaker.acquire_owned()?.failure();
    drop(breaker.acquire()?);
    let window = breaker.snapshot().window;
    assert_eq!((window.calls, window.failures), (2, 1));
    Ok(())
}
