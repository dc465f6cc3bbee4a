use std::error::Error;

/// There is no exporter in this build.
pub(super) enum Otlp {}

/// Says how to get one.
pub(super) fn start(url: &str) -> Result<Otlp, Box<dyn Error>> {
    Err(format!(
        "the exporter takes half a minute to build, so it is asked for by name: write \
         `cargo run --features otlp --example storefront -- --otlp {url}`"
    )
    .into())
}

pub(super) async fn finish(otlp: Otlp) {
    match otlp {}
}
