//~ `#[traced]` belongs outside of `#[resilient]`
use reliability::error::Rejected;
use reliability::resilience::resilient as shielded;
use reliability::telemetry::traced as spanned;

#[spanned]
#[shielded(timeout = "1s")]
async fn price() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {}
