//~ `bulkhead` needs `concurrent`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(bulkhead(queue = 10))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
