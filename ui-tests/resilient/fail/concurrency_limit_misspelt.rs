//~ `concurrency_limit` has no setting `gradient`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(concurrency_limit(gradient))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
