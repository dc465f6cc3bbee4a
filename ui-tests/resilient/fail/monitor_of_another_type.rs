//~ expected an `ErrorMonitor`: write `monitor` for that of the process
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(timeout = "1s", monitor = "errors")]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
