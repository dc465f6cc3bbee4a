//~ a request of type `Upload` cannot be made twice
use reliability::error::Rejected;
use reliability::resilience::tower::PolicyLayer;
use reliability::resilience::{Policy, Retry};
use tower::{Layer, Service, service_fn};

struct Upload;

/// What a server, or another layer, asks of it.
fn serve(_: impl Service<Upload>) {}

fn main() {
    let policy = Policy::builder("upload").retry(Retry::standard()).build().unwrap();
    let uploads = service_fn(|_: Upload| async { Ok::<_, Rejected>(()) });
    serve(PolicyLayer::new(policy).idempotent().layer(uploads));
}
