use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisResult, Script};

use super::builder::{Degradation, RedisRateLimitBuilder};
use crate::error::{Name, Reason, Rejected};
use crate::resilience::Invalid;
use crate::resilience::rate_limit::{Decision, Quota, RateLimit};
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Counter, Mutex};
use crate::time::{Clock, Instant, saturating_nanos};

/// At most so many calls in so much time, of all processes together.
///
/// A handle: clones are the same limit, and share one connection. See the [module](super) for what
/// happens when the server is away.
///
/// # Examples
///
/// See the [module](super).
#[derive(Clone)]
pub struct RedisRateLimit {
    shared: Arc<Shared>,
}

struct Shared {
    name: Name,
    client: redis::Client,
    config: AsyncConnectionConfig,
    connection: Mutex<Option<MultiplexedConnection>>,
    script: Script,
    quota: Quota,
    degradation: Degradation,
    local: RateLimit,
    timeout: Duration,
    clock: Clock,
    /// When to ask the server again; zero while it answers.
    ask_again_at: AtomicU64,
    degraded: Counter,
}

/// The token bucket: what the server remembers is when it is full again, in microseconds since a day
/// of 2025, so that a double holds it to a fraction of a microsecond.
const SCRIPT: &str = r"
local interval, fill, permits = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = (tonumber(time[1]) - 1750000000) * 1000000 + tonumber(time[2])
local full_at = tonumber(redis.call('GET', KEYS[1]) or now)
if full_at < now then full_at = now end
local after = full_at + interval * permits
local wait = after - fill - now
if wait > 0 then return {0, math.ceil(wait)} end
local value = string.format('%.17g', after)
redis.call('SET', KEYS[1], value, 'PX', math.ceil((after - now) / 1000) + 1)
return {1, math.floor((now + fill - after) / interval)}
";

impl RedisRateLimit {
    /// How long the server may take, where [`timeout`](RedisRateLimitBuilder::timeout) is not set.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_millis(50);

    /// How often a server that is away is tried again.
    pub const PROBE_EVERY: Duration = Duration::from_secs(1);

    /// A limit that is kept in the server of that URL, under the key `reliability:name`.
    ///
    /// `name` also stands in refusals and logs. Processes that say the same name share the quota.
    pub fn builder(name: impl Into<Name>, url: impl Into<String>) -> RedisRateLimitBuilder {
        RedisRateLimitBuilder::new(name.into(), url.into())
    }

    pub(super) fn new(
        builder: RedisRateLimitBuilder,
        client: redis::Client,
    ) -> Result<Self, Invalid> {
        let RedisRateLimitBuilder { name, quota, degradation, timeout, clock, .. } = builder;
        let local = match degradation {
            Degradation::Local(local) => local,
            Degradation::Refuse => quota,
        };
        let local = RateLimit::builder(name.clone()).quota(local).clock(clock.clone()).build()?;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(timeout))
            .set_response_timeout(Some(timeout));
        Ok(Self {
            shared: Arc::new(Shared {
                name,
                client,
                config,
                connection: Mutex::new(None),
                script: Script::new(SCRIPT),
                quota,
                degradation,
                local,
                timeout,
                clock,
                ask_again_at: AtomicU64::new(0),
                degraded: Counter::new(),
            }),
        })
    }

    /// Takes a permit if there is one now.
    ///
    /// # Cancel safety
    ///
    /// Whoever drops the future may have taken the permit: the server may have decided already.
    pub async fn check(&self) -> Decision {
        self.decide(None, 1).await
    }

    /// Takes a permit of that key: each has the whole quota.
    ///
    /// # Cancel safety
    ///
    /// As [`check`](Self::check).
    pub async fn check_key(&self, key: &str) -> Decision {
        self.decide(Some(key), 1).await
    }

    /// Takes so many permits if all of them are there now; else none.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when `permits` is 0 or more than the burst.
    ///
    /// # Cancel safety
    ///
    /// As [`check`](Self::check).
    pub async fn check_n(&self, permits: u32) -> Result<Decision, Invalid> {
        let most = self.shared.quota.burst;
        if !(1..=most).contains(&permits) {
            let expected = alloc::format!("1 to {most}, which is all there is at once");
            return Err(Invalid::new(self.shared.name.clone(), "permits", expected, permits)
                .with_advice("ask for them in portions, or give the quota a larger burst"));
        }
        Ok(self.decide(None, permits).await)
    }

    /// [`check`](Self::check) for the `?` operator.
    ///
    /// # Errors
    ///
    /// [`Rejected`] for [`Reason::RateLimited`], with the time after which a permit comes back.
    ///
    /// # Cancel safety
    ///
    /// As [`check`](Self::check).
    pub async fn try_acquire(&self) -> Result<(), Rejected> {
        match self.check().await {
            Decision::Allowed { .. } => Ok(()),
            Decision::Limited { retry_after } => {
                let rejected = Rejected::new(Reason::RateLimited, self.shared.name.clone());
                Err(rejected.with_retry_after(retry_after))
            }
        }
    }

    /// The name it was made with.
    pub fn name(&self) -> &Name {
        &self.shared.name
    }

    /// Whether the server did not answer when it was last asked.
    pub fn is_degraded(&self) -> bool {
        self.shared.ask_again_at.load(Ordering::Relaxed) != 0
    }

    /// How many calls were decided without the server since it was made.
    pub fn degraded(&self) -> u64 {
        self.shared.degraded.sum()
    }

    async fn decide(&self, key: Option<&str>, permits: u32) -> Decision {
        let shared = &*self.shared;
        if !shared.may_ask() {
            return shared.degrade(permits);
        }
        let answer = tokio::time::timeout(shared.timeout, shared.ask(key, permits)).await;
        match answer {
            Ok(Ok((allowed, number))) => {
                shared.ask_again_at.store(0, Ordering::Relaxed);
                if allowed == 1 {
                    Decision::Allowed { remaining: u32::try_from(number).unwrap_or(u32::MAX) }
                } else {
                    Decision::Limited { retry_after: Duration::from_micros(number) }
                }
            }
            // Also one that is only slow: its connection may hold answers to other questions.
            Ok(Err(_)) | Err(_) => {
                shared.has_failed();
                shared.degrade(permits)
            }
        }
    }
}

impl Shared {
    /// Whether this call asks the server: all do while it answers, and one in a second after.
    fn may_ask(&self) -> bool {
        let at = self.ask_again_at.load(Ordering::Relaxed);
        if at == 0 {
            return true;
        }
        let now = self.clock.now();
        if now < Instant::from_nanos(at) {
            return false;
        }
        let next = after_a_pause(now);
        self.ask_again_at.compare_exchange(at, next, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    #[cold]
    fn has_failed(&self) {
        *self.connection.lock() = None;
        let next = after_a_pause(self.clock.now());
        self.ask_again_at.store(next, Ordering::Relaxed);
    }

    async fn ask(&self, key: Option<&str>, permits: u32) -> RedisResult<(u8, u64)> {
        let connection = self.connection.lock().clone();
        let mut connection = match connection {
            Some(connection) => connection,
            None => {
                let made =
                    self.client.get_multiplexed_async_connection_with_config(&self.config).await?;
                self.connection.lock().insert(made).clone()
            }
        };
        let interval = self.quota.period.as_secs_f64() * 1e6 / f64::from(self.quota.permits);
        let name = match key {
            Some(key) => alloc::format!("reliability:{}:{key}", self.name),
            None => alloc::format!("reliability:{}", self.name),
        };
        self.script
            .key(name)
            .arg(interval)
            .arg(interval * f64::from(self.quota.burst))
            .arg(permits)
            .invoke_async(&mut connection)
            .await
    }

    #[cold]
    fn degrade(&self, permits: u32) -> Decision {
        self.degraded.add(1);
        let now = self.clock.now();
        let at = Instant::from_nanos(self.ask_again_at.load(Ordering::Relaxed));
        let retry_after = at.saturating_duration_since(now);
        match self.degradation {
            Degradation::Refuse => Decision::Limited { retry_after },
            Degradation::Local(_) => {
                // More than the local quota ever has at once waits for the server.
                let local = self.local.check_n(permits);
                local.unwrap_or(Decision::Limited { retry_after })
            }
        }
    }
}

/// Never zero, which means that the server answers.
fn after_a_pause(now: Instant) -> u64 {
    now.as_nanos().saturating_add(saturating_nanos(RedisRateLimit::PROBE_EVERY)).max(1)
}

impl fmt::Debug for RedisRateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisRateLimit")
            .field("name", self.name())
            .field("quota", &format_args!("{}", self.shared.quota))
            .field("degradation", &self.shared.degradation)
            .field("is_degraded", &self.is_degraded())
            .finish_non_exhaustive()
    }
}
