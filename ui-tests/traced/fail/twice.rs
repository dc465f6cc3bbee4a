//~ `#[traced]` is here twice; keep one
use reliability::telemetry::traced;

#[traced]
#[traced(skip_all)]
async fn order(sku: &str) {
    let _ = sku;
}

fn main() {
    drop(order("tea"));
}
