//~ a call that the policy refuses has no way to reach the caller: `ShelfError` is not `From<Rejected>`
use reliability::error::Fault;
use reliability::resilience::Policy;
use reliability::resilience::tower::PolicyLayer;
use tower::{Layer, Service, service_fn};

#[derive(Debug, Fault)]
#[fault(transient)]
struct ShelfError;

/// What a server, or another layer, asks of it.
fn serve(_: impl Service<u32>) {}

fn main() {
    let policy = Policy::builder("shelf").timeout(std::time::Duration::from_secs(1)).build().unwrap();
    let shelf = service_fn(|_: u32| async { Ok::<_, ShelfError>(3) });
    serve(PolicyLayer::new(policy).layer(shelf));
}
