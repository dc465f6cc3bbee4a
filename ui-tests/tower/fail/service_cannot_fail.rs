//~ a call that the policy refuses has no way to reach the caller: `Infallible` is not `From<Rejected>`
use std::convert::Infallible;

use reliability::resilience::Policy;
use reliability::resilience::tower::PolicyLayer;
use tower::{Layer, Service, service_fn};

/// What a server, or another layer, asks of it.
fn serve(_: impl Service<u32>) {}

fn main() {
    let policy = Policy::builder("pages").timeout(std::time::Duration::from_secs(1)).build().unwrap();
    let pages = service_fn(|_: u32| async { Ok::<_, Infallible>("page") });
    serve(PolicyLayer::new(policy).layer(pages));
}
