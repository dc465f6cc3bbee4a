//! Over NATS JetStream.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use reliability::distributed::transaction::choreography::bus::conformance;
use reliability::distributed::transaction::choreography::nats::{NatsBus, NatsBusBuilder};
use reliability_tests::nats::Nats;

/// A loaded machine is slow, which is not what is tested.
const PATIENCE: Duration = Duration::from_secs(60);

/// A bus that knows nothing of others on the same server.
fn bus(server: &Nats) -> NatsBusBuilder {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let prefix = format!("test-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    NatsBus::builder(&server.url()).prefix(&prefix).patience(PATIENCE).timeout(PATIENCE)
}

#[tokio::test]
async fn the_bus_over_nats_conforms() {
    let server = Nats::shared();
    let open = async || Arc::new(bus(&server).build().await.unwrap());
    conformance::check(open).await.unwrap();
}
