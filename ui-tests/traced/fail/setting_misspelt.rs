//~ did you mean `fields`?
use reliability::telemetry::traced;

#[traced(feilds(a = 1))]
fn price(sku: &str) -> Result<usize, String> {
    Ok(sku.len())
}

fn main() {}
