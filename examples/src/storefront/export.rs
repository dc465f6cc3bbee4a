#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use reliability::telemetry::otlp::Otlp;
use reliability::telemetry::{Resource, trace};

/// Sends metrics and kept traces there, over HTTP, from now on.
pub(super) fn start(url: &str) -> Result<Otlp, Box<dyn Error>> {
    let otlp = Otlp::builder()
        .endpoint(url)
        .resource(Resource::detect()?.with("service.name", "storefront"))
        .metric_interval(Duration::from_secs(1))
        .build()?;
    trace::add_sink(Arc::new(otlp.clone())).forget();
    Ok(otlp)
}

/// Sends what is on its way, and tells how that went.
pub(super) fn finish(otlp: Otlp) {
    let undelivered = otlp.shutdown(Duration::from_secs(5));
    println!("\n{}", otlp.health());
    if let Err(undelivered) = undelivered {
        println!("{undelivered}");
    }
}
