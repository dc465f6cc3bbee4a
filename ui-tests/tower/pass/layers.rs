use std::convert::Infallible;

use http::{Request, Response};
use reliability::error::{Class, Rejected};
use reliability::resilience::http::{self as headers, DeadlineLayer, PropagateLayer};
use reliability::resilience::tower::{PolicyLayer, PolicyService};
use reliability::resilience::{IdempotencyKey, Policy};
use tower::{BoxError, Layer, Service, ServiceBuilder, service_fn};

/// A layer and a service that are told nothing have names for struct fields.
struct Named<S> {
    layer: PolicyLayer,
    service: PolicyService<S>,
}

/// Of no trait at all.
struct Bare;

fn policy() -> Policy {
    Policy::builder("tower").timeout(std::time::Duration::from_secs(1)).build().unwrap()
}

fn is_service<Req, S: Service<Req, Future: Send> + Clone + Send + Sync + 'static>(_: &S) {}

fn main() {
    let shelf = service_fn(|_: Bare| async { Ok::<_, Rejected>(Bare) });
    let layer = PolicyLayer::new(policy());
    let named = Named { service: layer.layer(shelf), layer };
    is_service::<Bare, _>(&named.service);
    is_service::<Bare, _>(&named.layer.clone().idempotent_with(|_: &Bare| Some(Bare)).layer(shelf));

    let pages = service_fn(|_: Request<String>| async { Ok::<_, Infallible>(Response::new(Vec::<u8>::new())) });
    let server = ServiceBuilder::new()
        .layer(DeadlineLayer::new())
        .layer(
            PolicyLayer::new(policy())
                .idempotency_key(headers::idempotency_key)
                .classify_response(headers::bad_status)
                .map_rejected(headers::refuse),
        )
        .service(pages);
    is_service::<Request<String>, _>(&server);

    // Neither `Fault` nor `From<Rejected>`.
    let foreign = service_fn(|_: Request<String>| async { Err::<Response<()>, _>("a string") });
    let client = ServiceBuilder::new()
        .layer(
            PolicyLayer::new(policy())
                .idempotent_when(headers::is_idempotent)
                .classify_error(|_: &&str| Class::Transient)
                .fallback(|_: &Request<String>| (), |(), _| async { Err("another") })
                .failures(),
        )
        .layer(PropagateLayer::new())
        .service(foreign);
    is_service::<Request<String>, _>(&client);

    let policy: &'static Policy = Box::leak(Box::new(policy()));
    let boxed = service_fn(|_: u32| async { Err::<u32, BoxError>("boxed".into()) });
    let by_key = PolicyLayer::new(policy).idempotency_key(|key: &u32| Some(IdempotencyKey::new(key)));
    is_service::<u32, _>(&by_key.layer(boxed));
}
