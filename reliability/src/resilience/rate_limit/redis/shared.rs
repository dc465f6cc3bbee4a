use alloc::string::String;
use core::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisResult};

use super::RedisRateLimit;
use super::events;
use super::script::{Answer, Booked, Place, Rate, Scripts};
use super::settings::{Settings, WhileAway};
use crate::error::{Name, Reason, Rejected};
use crate::resilience::Invalid;
use crate::resilience::rate_limit::{Decision, RateLimit};
use crate::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use crate::sync::{Counter, Mutex};
use crate::time::{Clock, Instant, saturating_nanos};

/// What all clones of a limit share.
pub(super) struct Shared {
    pub(super) name: Name,
    pub(super) client: redis::Client,
    pub(super) config: AsyncConnectionConfig,
    pub(super) connection: Mutex<Option<MultiplexedConnection>>,
    /// Held by who makes the connection.
    pub(super) making: tokio::sync::Mutex<()>,
    pub(super) scripts: Scripts,
    pub(super) settings: Mutex<Settings>,
    pub(super) local: RateLimit,
    pub(super) timeout: Duration,
    pub(super) clock: Clock,
    /// When to ask the server again; zero while it answers.
    pub(super) ask_again_at: AtomicU64,
    /// How many permits the server last said were left.
    pub(super) remaining: AtomicU32,
    pub(super) calls_away: Counter,
    pub(super) rejected: Counter,
}

impl Shared {
    pub(super) fn settings(&self) -> Settings {
        *self.settings.lock()
    }

    pub(super) fn reconfigure(&self, change: impl FnOnce(&mut Settings)) -> Result<(), Invalid> {
        let mut settings = self.settings.lock();
        let mut changed = *settings;
        change(&mut changed);
        changed.check(&self.name)?;
        self.local.reconfigure(|local| local.quota = changed.local())?;
        *settings = changed;
        Ok(())
    }

    /// Whether the server did not answer when it was last asked.
    pub(super) fn is_away(&self) -> bool {
        self.ask_again_at.load(Ordering::Relaxed) != 0
    }

    pub(super) fn check_permits(&self, permits: u32) -> Result<(), Invalid> {
        let most = self.settings().quota.burst;
        if (1..=most).contains(&permits) {
            return Ok(());
        }
        let expected = alloc::format!("1 to {most}, which is all there is at once");
        Err(Invalid::new(self.name.clone(), "permits", expected, permits)
            .with_advice("ask for them in portions, or give the quota a larger burst"))
    }

    /// The key of the server.
    pub(super) fn key(&self, key: Option<&str>) -> String {
        match key {
            Some(key) => alloc::format!("reliability:{}:{key}", self.name),
            None => alloc::format!("reliability:{}", self.name),
        }
    }

    /// Takes permits, if all of them are there now.
    pub(super) async fn decide(&self, key: Option<&str>, permits: u32) -> Decision {
        let key = self.key(key);
        let decision = match self.book(&key, permits, Duration::ZERO).await {
            Some(Answer::Booked(Booked { remaining, .. })) => Decision::Allowed { remaining },
            Some(Answer::Limited(retry_after)) => Decision::Limited { retry_after },
            None => self.decide_away(permits),
        };
        self.rejected.add(u64::from(!decision.is_allowed()));
        decision
    }

    /// Takes permits that may be used within `longest`; `None` if the server is away.
    pub(super) async fn book(&self, key: &str, permits: u32, longest: Duration) -> Option<Answer> {
        let rate = Rate::of(self.settings().quota);
        let longest = longest.min(RateLimit::WAIT_MAX);
        let asked = self.ask(async |connection| {
            self.scripts.book(connection, key, rate, permits, longest).await
        });
        let answer = asked.await?;
        if let Answer::Booked(Booked { remaining, .. }) = &answer {
            self.remaining.store(*remaining, Ordering::Relaxed);
        }
        Some(answer)
    }

    /// Gives permits back, if the server can be told.
    pub(super) async fn give_back(&self, key: &str, place: &Place) {
        // Where it cannot, they come back with time.
        self.ask(async |connection| self.scripts.give_back(connection, key, place).await).await;
    }

    /// Asks the server, unless it is away.
    async fn ask<T>(
        &self,
        question: impl AsyncFnOnce(&mut MultiplexedConnection) -> RedisResult<T>,
    ) -> Option<T> {
        if !self.may_ask() {
            return None;
        }
        let asked = async {
            let mut connection = self.connection().await?;
            question(&mut connection).await
        };
        // Also one that is only slow has failed: its connection may hold answers to other questions.
        match tokio::time::timeout(self.timeout, asked).await {
            Ok(Ok(answer)) => {
                self.has_answered();
                Some(answer)
            }
            Ok(Err(error)) => {
                self.has_failed(&error);
                None
            }
            Err(_) => {
                self.has_failed(&format_args!("no answer within {:?}", self.timeout));
                None
            }
        }
    }

    /// However many ask first, one makes the connection, and the others wait for it.
    async fn connection(&self) -> RedisResult<MultiplexedConnection> {
        if let Some(connection) = self.connected() {
            return Ok(connection);
        }
        let _making = self.making.lock().await;
        if let Some(connection) = self.connected() {
            return Ok(connection);
        }
        let made = self.client.get_multiplexed_async_connection_with_config(&self.config).await?;
        Ok(self.connection.lock().insert(made).clone())
    }

    fn connected(&self) -> Option<MultiplexedConnection> {
        self.connection.lock().clone()
    }

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

    fn has_answered(&self) {
        if self.ask_again_at.load(Ordering::Relaxed) != 0
            && self.ask_again_at.swap(0, Ordering::Relaxed) != 0
        {
            events::restored(&self.name, self.calls_away.sum());
        }
    }

    #[cold]
    fn has_failed(&self, error: &dyn core::fmt::Display) {
        *self.connection.lock() = None;
        let next = after_a_pause(self.clock.now());
        if self.ask_again_at.swap(next, Ordering::Relaxed) == 0 {
            events::store_away(&self.name, self.settings().while_away, error);
        }
    }

    /// When the server is asked again.
    pub(super) fn asked_again_in(&self) -> Duration {
        let at = Instant::from_nanos(self.ask_again_at.load(Ordering::Relaxed));
        at.saturating_duration_since(self.clock.now())
    }

    /// The limit that decides while the server is away, if there is one.
    #[cold]
    pub(super) fn alone(&self) -> Result<&RateLimit, Duration> {
        self.calls_away.add(1);
        match self.settings().while_away {
            WhileAway::Local(_) => Ok(&self.local),
            WhileAway::Refuse => Err(self.asked_again_in()),
        }
    }

    #[cold]
    fn decide_away(&self, permits: u32) -> Decision {
        match self.alone() {
            Err(retry_after) => Decision::Limited { retry_after },
            // More than the local quota ever has at once waits for the server.
            Ok(local) => local
                .check_n(permits)
                .unwrap_or_else(|_| Decision::Limited { retry_after: self.asked_again_in() }),
        }
    }

    #[cold]
    pub(super) fn refuse(&self, retry_after: Duration) -> Rejected {
        self.rejected.add(1);
        self.rejected_for(retry_after)
    }

    /// What a call that was counted as refused is told.
    pub(super) fn rejected_for(&self, retry_after: Duration) -> Rejected {
        Rejected::new(Reason::RateLimited, self.name.clone()).with_retry_after(retry_after)
    }
}

/// Never zero, which means that the server answers.
fn after_a_pause(now: Instant) -> u64 {
    now.as_nanos().saturating_add(saturating_nanos(RedisRateLimit::PROBE_EVERY)).max(1)
}
