//~ `vegas` has no setting `alpa`; did you mean `alpha`?
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(concurrency_limit(vegas(alpa = 4)))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
