//~ did you mean `token_bucket`
use reliability::error::Rejected;
use reliability::resilience::resilient;

#[resilient(rate_limit("100/s", algorithm = tokenbucket))]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
