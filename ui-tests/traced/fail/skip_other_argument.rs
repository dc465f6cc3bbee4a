//~ no argument is called `token`; there is `sku`
use reliability::telemetry::traced;

#[traced(skip(token))]
fn price(sku: &str) -> usize {
    sku.len()
}

fn main() {}
