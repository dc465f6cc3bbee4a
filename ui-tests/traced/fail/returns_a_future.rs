//~ the span would end when the future is made, before it runs
use reliability::telemetry::traced;

#[traced]
fn price(sku: String) -> impl Future<Output = usize> {
    async move { sku.len() }
}

fn main() {}
