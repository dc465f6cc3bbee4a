//~ write `metrics`
use reliability::telemetry::traced;

#[traced(metrics = true)]
fn price(sku: &str) -> Option<u32> {
    u32::try_from(sku.len()).ok()
}

fn main() {}
