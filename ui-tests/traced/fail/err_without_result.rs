//~ remove `err`, or return a `Result`
use reliability::telemetry::traced;

#[traced(err = debug)]
fn price(sku: &str) -> Option<usize> {
    Some(sku.len())
}

fn main() {}
