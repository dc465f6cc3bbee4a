//~ a call that hangs would hang for ever; add `timeout
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(retry, chaos(hang(rate = 0.001)), idempotent)]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
