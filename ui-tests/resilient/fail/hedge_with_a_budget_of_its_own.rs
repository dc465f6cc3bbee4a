//~ retries and hedges draw on one budget
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(retry, hedge(budget = "spare"), idempotent)]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
