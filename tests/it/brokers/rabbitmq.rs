//! Over RabbitMQ.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use reliability::distributed::transaction::choreography::bus::conformance;
use reliability::distributed::transaction::choreography::rabbitmq::{
    RabbitMqBus, RabbitMqBusBuilder,
};
use reliability_tests::rabbitmq::RabbitMq;

/// A loaded machine is slow, which is not what is tested.
const PATIENCE: Duration = Duration::from_secs(60);

/// A bus that knows nothing of others on the same node.
fn bus(node: &RabbitMq) -> RabbitMqBusBuilder {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let prefix = format!("test-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    RabbitMqBus::builder(&node.url()).prefix(&prefix).patience(PATIENCE).timeout(PATIENCE)
}

#[tokio::test]
async fn the_bus_over_rabbitmq_conforms() {
    let node = RabbitMq::shared();
    let open = async || Arc::new(bus(&node).build().await.unwrap());
    conformance::check(open).await.unwrap();
}
