//! A quota that several processes share, through a Redis server.
//!
//! A limit in memory counts for its own process. Where ten of them call one partner, each would need
//! a tenth of the quota, whether it uses it or not. [`RedisRateLimit`] keeps the one word of a token
//! bucket in a Redis server and lets a script change it, so that any number of processes share one
//! quota exactly; what it costs is one round trip for each call.
//!
//! ```no_run
//! use reliability::resilience::rate_limit::Quota;
//! use reliability::resilience::rate_limit::redis::{WhileAway, RedisRateLimit};
//!
//! # async fn shown() -> Result<(), Box<dyn std::error::Error>> {
//! let limit = RedisRateLimit::builder("partner-api", "redis://127.0.0.1/")
//!     .quota(Quota::per_second(100).burst(20))
//!     .while_away(WhileAway::Local(Quota::per_second(10)))
//!     .build()?;
//!
//! if limit.check().await.is_allowed() {
//!     // ... call the partner ...
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Whose time
//!
//! The server's, read in the script. Processes' clocks differ by more than a permit is apart, and the
//! one that is ahead would take what is not there yet. When the server's own clock is set back, as it
//! can be after a failover, no time has passed since the last permit: there are not more permits for it,
//! and from then on they come back as ever, however far it was set back.
//!
//! # When the server is away
//!
//! Then somebody has to decide without it, and which way is declared: [`WhileAway`]. The first call
//! that finds out waits for the [`timeout`](RedisRateLimitBuilder::timeout); after that, one call
//! tries the server again every [second](RedisRateLimit::PROBE_EVERY), and all others are decided at
//! once.
//!
//! # Guarantees
//!
//! - First come, first served, whichever the process: who waits has a time, and who comes later gets
//!   no permit before it.
//! - What was used stays used when the quota changes, and when processes do not agree on one.
//! - One script decides and changes the state, so no two processes take the same permit.
//! - While the server answers, never more than `burst + rate * t` in any time *t*, by all processes
//!   together, within the server's clock of microseconds.
//! - A bucket that is full again is not in the server: keys expire by themselves.

mod builder;
mod events;
mod handle;
mod in_policy;
mod listing;
mod reservation;
mod script;
mod settings;
mod shared;
mod until_ready;

pub use builder::RedisRateLimitBuilder;
pub use handle::RedisRateLimit;
pub(in crate::resilience) use in_policy::Asking;
pub use reservation::Reservation;
pub use settings::{Settings, WhileAway};
pub use until_ready::UntilReady;
