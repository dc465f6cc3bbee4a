//~ did you mean `metrics`?
use reliability::telemetry::traced;

#[traced(metric)]
async fn price(sku: &str) -> Option<u32> {
    u32::try_from(sku.len()).ok()
}

fn main() {}
