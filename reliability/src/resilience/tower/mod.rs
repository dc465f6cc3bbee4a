//! Any policy as a layer of tower: for servers and clients that are built of services.
//!
//! tower has one layer for each concern, and the order in which they are stacked is up to whoever
//! stacks them; a timeout around a retry compiles there, and waits for nobody. Here the [`Policy`]
//! is the unit: one [`PolicyLayer`] puts a service under all its layers, in an order that was
//! checked, with the counters and the registry that every other policy has. A function with
//! `#[resilient]` and a service under a layer may share one.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::convert::Infallible;
//! use reliability::resilience::tower::PolicyLayer;
//! use reliability::resilience::{Bulkhead, Policy};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! let policy = Policy::builder("pages")
//!     .bulkhead(Bulkhead::builder("pages").concurrent(64).build()?)
//!     .build()?;
//!
//! // A service that cannot fail has no error for a refusal, so refusals become pages.
//! let layer = PolicyLayer::new(policy).map_rejected(|rejected| format!("busy: {rejected}"));
//! let pages = layer.layer(service_fn(|path: &'static str| async move {
//!     Ok::<_, Infallible>(format!("this is {path}"))
//! }));
//! assert_eq!(pages.oneshot("/tea").await?, "this is /tea");
//! # Ok(())
//! # }
//! ```
//!
//! # Repetition
//!
//! A retry, and a hedge, needs a request that can be made twice, and somebody's word that it may be:
//! [`idempotent`](PolicyLayer::idempotent), [`idempotent_when`](PolicyLayer::idempotent_when),
//! [`idempotent_with`](PolicyLayer::idempotent_with) or
//! [`idempotency_key`](PolicyLayer::idempotency_key). Without it there is one attempt.
//!
//! # Where an answer ends
//!
//! A call is over when the service has responded. A body that is streamed afterwards is outside of
//! the policy: its timeout does not bound it, and the place in the bulkhead is free already.

mod ask;
mod cached;
mod classify;
mod describe;
mod drive;
mod driving;
mod failed;
mod fallback;
mod future;
mod hold;
mod layer;
mod priority;
mod refuse;
mod repeat;
mod rules;
mod service;

#[cfg(feature = "cache")]
pub use cached::KeepByKey;
pub use cached::{KeepNothing, KeepResponse};
pub use classify::{
    AllGood, ByFault, ClassifyError, ClassifyResponse, ErrorsBy, FaultOf, Itself, ResponsesBy, Told,
};
#[cfg(all(feature = "redis", not(reliability_loom)))]
pub use describe::SharedRateLimitKeyBy;
pub use describe::{CountByKey, Describe, Description, OneKey, RateLimitKeyBy};
pub use failed::Failed;
pub use fallback::{Answer, FallbackBy, NoFallback};
pub use future::{InPlace, ResponseFuture};
pub use hold::HoldPolicy;
pub use layer::PolicyLayer;
pub use priority::{AllCritical, Prioritise, PriorityBy};
pub use refuse::{AsBoxed, AsError, AsFailure, AsResponse, Refuse};
pub use repeat::{Idempotent, IdempotentByKey, IdempotentWhen, IdempotentWith, Once, Repeat, Word};
pub use rules::Rules;
pub use service::PolicyService;

#[cfg(doc)]
use crate::resilience::Policy;
