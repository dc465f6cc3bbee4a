//! What the server runs: the token bucket, as a script that reads and writes one key.
//!
//! The key holds five numbers: when the bucket is full again, the interval between permits, the time
//! in which an empty bucket fills up, when it was written, and since when its times mean the same.
//! Times are in microseconds since a day of 2025, so that a double holds them to a fraction of a
//! microsecond.
//!
//! - With another interval than before, what was used stays used, and who waits keeps the place.
//! - With a clock that was set back, no time has passed since the key was written. The key is then
//!   written even if the call is refused, or time would stand still until the old hour.

use alloc::string::String;
use core::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{RedisResult, Script};

use crate::resilience::rate_limit::Quota;

const NOW: &str = r"
local time = redis.call('TIME')
local now = (tonumber(time[1]) - 1750000000) * 1000000 + tonumber(time[2])
local interval, fill, permits = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local slack = math.min(1, interval / 2)
local pattern = '^(%S+) (%S+) (%S+) (%S+) (%S+)$'
local function keep(full_at, since)
  local life = math.ceil((full_at - now) / 1000) + 1
  local state = string.format('%.17g %.17g %.17g %.17g %s', full_at, interval, fill, now, since)
  redis.call('SET', KEYS[1], state, 'PX', string.format('%.0f', life))
end
";

const BOOK: &str = r"
local longest = tonumber(ARGV[4])
local full_at, since, is_moved = now, string.format('%.17g', now), false
local state = redis.call('GET', KEYS[1])
if state then
  local at, old_interval, old_fill, seen, old_since = string.match(state, pattern)
  if not old_since then return redis.error_reply('ERR this is not the state of a rate limit') end
  old_interval, old_fill, seen = tonumber(old_interval), tonumber(old_fill), tonumber(seen)
  local used = math.max(tonumber(at) - math.max(now, seen), 0)
  is_moved = now < seen or old_interval ~= interval or old_fill ~= fill
  if is_moved then
    local scale = interval / old_interval
    local waiting = math.max(used - old_fill, 0) * scale
    used = math.min(math.min(used, old_fill) * scale, fill) + waiting
  else
    since = old_since
  end
  full_at = now + used
end
local after = full_at + interval * permits
local wait = after - fill - now
if wait >= longest + slack then
  if is_moved and full_at > now then keep(full_at, since) end
  return {0, math.ceil(wait), 0, '', ''}
end
keep(after, since)
local left = math.max(math.floor((now + fill - after + slack) / interval), 0)
return {1, left, math.max(math.ceil(wait - slack), 0), string.format('%.17g', after), since}
";

/// Not what was booked before the times have moved, nor what has come back by itself, nor what
/// others who wait count on.
const GIVE_BACK: &str = r"
local at, old_interval, old_fill, seen, since =
  string.match(redis.call('GET', KEYS[1]) or '', pattern)
if not since or since ~= ARGV[5] or now < tonumber(seen) then return 0 end
if tonumber(old_interval) ~= interval or tonumber(old_fill) ~= fill then return 0 end
local full_at, place = tonumber(at), tonumber(ARGV[4])
if full_at > now + fill + slack and at ~= ARGV[4] then return 0 end
local back = math.min(interval * permits, place - now)
if back <= 0 then return 0 end
if full_at - back <= now then redis.call('DEL', KEYS[1]) else keep(full_at - back, since) end
return 1
";

/// Both scripts; the server knows them by their hashes.
pub(super) struct Scripts {
    book: Script,
    give_back: Script,
}

/// A quota as the scripts read it, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rate {
    interval: f64,
    fill: f64,
}

/// What the server says.
#[derive(Debug)]
pub(super) enum Answer {
    Booked(Booked),
    /// Nothing is taken: it would take so long.
    Limited(Duration),
}

/// Permits that the server has booked.
#[derive(Debug)]
pub(super) struct Booked {
    pub(super) remaining: u32,
    pub(super) wait: Duration,
    pub(super) place: Place,
}

/// Where the server has noted them.
#[derive(Debug)]
pub(super) struct Place {
    rate: Rate,
    permits: u32,
    full_at: String,
    since: String,
}

impl Scripts {
    pub(super) fn new() -> Self {
        let script = |rest: &str| Script::new(&alloc::format!("{NOW}{rest}"));
        Self { book: script(BOOK), give_back: script(GIVE_BACK) }
    }

    /// Takes permits that may be used within `longest`.
    pub(super) async fn book(
        &self,
        connection: &mut MultiplexedConnection,
        key: &str,
        rate: Rate,
        permits: u32,
        longest: Duration,
    ) -> RedisResult<Answer> {
        let mut call = self.book.key(key);
        call.arg(rate.interval).arg(rate.fill).arg(permits).arg(micros(longest));
        let answer: (u8, u64, u64, String, String) = call.invoke_async(connection).await?;
        let (allowed, number, wait, full_at, since) = answer;
        if allowed != 1 {
            return Ok(Answer::Limited(Duration::from_micros(number)));
        }
        Ok(Answer::Booked(Booked {
            remaining: u32::try_from(number).unwrap_or(u32::MAX),
            wait: Duration::from_micros(wait),
            place: Place { rate, permits, full_at, since },
        }))
    }

    /// Gives permits back that were not used.
    pub(super) async fn give_back(
        &self,
        connection: &mut MultiplexedConnection,
        key: &str,
        place: &Place,
    ) -> RedisResult<()> {
        let Place { rate, permits, full_at, since } = place;
        let mut call = self.give_back.key(key);
        call.arg(rate.interval).arg(rate.fill).arg(permits).arg(full_at).arg(since);
        let _: u8 = call.invoke_async(connection).await?;
        Ok(())
    }
}

impl Rate {
    pub(super) fn of(quota: Quota) -> Self {
        let interval = micros(quota.period) / f64::from(quota.permits);
        Self { interval, fill: interval * f64::from(quota.burst) }
    }
}

impl Place {
    pub(super) fn permits(&self) -> u32 {
        self.permits
    }
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}
