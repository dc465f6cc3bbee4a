//~ did you mean `display`?
use reliability::telemetry::traced;

#[traced(err = dispaly)]
fn price(sku: &str) -> Result<usize, String> {
    Ok(sku.len())
}

fn main() {}
