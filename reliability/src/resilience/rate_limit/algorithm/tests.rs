use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;

mod timeline;

const MS: u64 = 1_000_000;

fn at(nanos: u64) -> Instant {
    Instant::from_nanos(nanos)
}

#[derive(Debug, Clone)]
enum Step {
    /// Goes on by so many nanoseconds, or back.
    Time(i64),
    Check(u32),
    /// Reserves so many, waiting at most so long.
    Reserve(u32, u64),
    /// Gives one of the reservations back that are left.
    GiveBack(usize),
}

fn steps(with_reservations: bool) -> impl Strategy<Value = Vec<Step>> {
    let time = prop_oneof![
        8 => 0_i64..400 * MS as i64,
        2 => Just(0),
        2 => Just(250 * MS as i64),
        1 => -100 * (MS as i64)..0,
        1 => 0_i64..5_000 * MS as i64,
    ];
    let reserve = (1_u32..8, 0_u64..4_000 * MS).prop_map(|(n, wait)| Step::Reserve(n, wait));
    let weight = u32::from(with_reservations);
    let step = prop_oneof![
        4 => time.prop_map(Step::Time),
        6 => (1_u32..8).prop_map(Step::Check),
        weight * 4 => reserve,
        weight * 3 => any::<usize>().prop_map(Step::GiveBack),
    ];
    prop::collection::vec(step, 0..120)
}

/// What was used: when, and how much.
type Uses = Vec<(u64, u32)>;

/// Lets the limiter go through the steps, and lists what was used in the end.
fn run<L: Limiter>(limiter: &L, begin: u64, steps: Vec<Step>) -> Uses {
    let mut state = limiter.empty();
    let mut now = begin;
    let (mut used, mut reserved) = (Uses::new(), Vec::<(Instant, Booking)>::new());
    for step in steps {
        match step {
            Step::Time(by) => now = now.saturating_add_signed(by),
            Step::Check(n) => {
                if limiter.check(&mut state, at(now), n).is_allowed() {
                    used.push((now, n));
                }
            }
            Step::Reserve(n, wait) => {
                let wait = Duration::from_nanos(wait);
                if let Ok(booking) = limiter.book(&mut state, at(now), n, wait) {
                    assert!(booking.starts_at().saturating_duration_since(at(now)) <= wait);
                    reserved.push((booking.starts_at().max(at(now)), booking));
                }
            }
            Step::GiveBack(index) => {
                if !reserved.is_empty() {
                    let (used_at, booking) = reserved.swap_remove(index % reserved.len());
                    // Who has used the permits has none to give back.
                    if used_at >= at(now) {
                        limiter.give_back(&mut state, at(now), &booking);
                    } else {
                        used.push((used_at.as_nanos(), booking.permits()));
                    }
                }
            }
        }
    }
    used.extend(reserved.iter().map(|(used_at, b)| (used_at.as_nanos(), b.permits())));
    used.sort_unstable();
    used
}

/// The most that was used in any stretch of time that begins and ends with a use, against what is
/// allowed in its length.
fn assert_never_more(used: &Uses, allowed: impl Fn(u64) -> u64) {
    for (index, (begin, _)) in used.iter().enumerate() {
        let mut sum = 0;
        for (end, n) in &used[index..] {
            sum += u64::from(*n);
            let most = allowed(end - begin);
            assert!(sum <= most, "{sum} of {most} in {} ns from {begin}: {used:?}", end - begin);
        }
    }
}

fn quotas() -> impl Strategy<Value = Quota> {
    (1_u32..40, 1_u32..20, prop::sample::select(alloc::vec![1_u64, 7, 250, 1_000])).prop_map(
        |(permits, burst, millis)| Quota::new(permits, Duration::from_millis(millis)).burst(burst),
    )
}

const BEGIN: u64 = 1 << 62;

proptest! {
    #[test]
    fn a_token_bucket_never_lets_pass_more_than_a_burst_and_the_rate(
        quota in quotas(),
        steps in steps(true),
    ) {
        let used = run(&TokenBucket::new(quota), BEGIN, steps);
        assert_never_more(&used, |t| u64::from(quota.burst) + t / quota.interval_nanos());
    }

    #[test]
    fn a_leaky_bucket_leaves_a_gap_for_each_permit(quota in quotas(), steps in steps(true)) {
        let used = run(&LeakyBucket::new(quota), BEGIN, steps);
        for pair in used.windows(2) {
            let gap = u64::from(pair[0].1) * quota.interval_nanos();
            prop_assert!(pair[1].0 >= pair[0].0 + gap, "{used:?}");
        }
    }

    #[test]
    fn a_sliding_log_never_lets_pass_more_than_the_quota_in_a_period(
        quota in quotas(),
        steps in steps(true),
    ) {
        let used = run(&SlidingLog::new(quota), BEGIN, steps);
        let period = quota.period_nanos();
        assert_never_more(&used, |t| if t < period { quota.permits.into() } else { u64::MAX });
    }

    #[test]
    fn a_fixed_window_never_lets_pass_more_than_the_quota_in_a_window(
        quota in quotas(),
        steps in steps(true),
    ) {
        let used = run(&FixedWindow::new(quota), BEGIN, steps);
        let window = |time: u64| time / quota.period_nanos();
        for (time, _) in &used {
            let same = used.iter().filter(|(other, _)| window(*other) == window(*time));
            let sum: u32 = same.map(|(_, n)| *n).sum();
            prop_assert!(sum <= quota.permits, "{used:?}");
        }
    }

    #[test]
    fn a_sliding_counter_counts_what_the_share_of_the_window_before_leaves(
        quota in quotas(),
        steps in steps(true),
    ) {
        let used = run(&SlidingCounter::new(quota), BEGIN, steps);
        let period = quota.period_nanos();
        let in_window = |window: u64| -> u64 {
            used.iter().filter(|(time, _)| time / period == window).map(|(_, n)| u64::from(*n)).sum()
        };
        for (time, _) in &used {
            let window = time / period;
            let up_to_now = used.iter().filter(|(other, _)| other / period == window && other <= time);
            let up_to_now: u64 = up_to_now.map(|(_, n)| u64::from(*n)).sum();
            prop_assert!(in_window(window) <= quota.permits.into(), "{used:?}");
            let left = period - time % period;
            let before = u128::from(in_window(window - 1)) * u128::from(left);
            let counted = before + u128::from(up_to_now) * u128::from(period);
            prop_assert!(counted <= u128::from(quota.permits) * u128::from(period), "{used:?}");
        }
    }
}

/// A bucket that holds tokens, in billionths of an interval, and is filled whenever it is asked.
struct NaiveBucket {
    tokens: u128,
    filled_at: u64,
    quota: Quota,
}

impl NaiveBucket {
    fn take(&mut self, now: u64, n: u32) -> Result<u32, u64> {
        let interval = u128::from(self.quota.interval_nanos());
        let full = u128::from(self.quota.burst) * interval;
        if now > self.filled_at {
            self.tokens = (self.tokens + u128::from(now - self.filled_at)).min(full);
            self.filled_at = now;
        }
        let lag = self.filled_at - now;
        let wanted = u128::from(n) * interval;
        // An older time than that of the last filling sees what was there before it.
        let there = self.tokens.saturating_sub(lag.into());
        if there >= wanted {
            self.tokens -= wanted;
            Ok(((there - wanted) / interval) as u32)
        } else if wanted > full {
            Err(u64::MAX)
        } else {
            Err((wanted + u128::from(lag) - self.tokens) as u64)
        }
    }
}

/// All permits ever used, with their times.
struct NaiveLog {
    used_at: Vec<u64>,
    quota: Quota,
}

impl NaiveLog {
    fn take(&mut self, now: u64, n: u32) -> bool {
        let period = self.quota.period_nanos();
        let recent = self.used_at.iter().filter(|at| **at + period > now).count();
        let allowed = recent + n as usize <= self.quota.permits as usize;
        if allowed {
            self.used_at.extend((0..n).map(|_| now));
        }
        allowed
    }
}

/// Only forwards, because the naive models do not know what an older time means.
fn forwards(steps: Vec<Step>) -> impl Iterator<Item = (u64, u32)> {
    let mut now = BEGIN;
    steps.into_iter().filter_map(move |step| match step {
        Step::Time(by) => {
            now += by.unsigned_abs();
            None
        }
        Step::Check(n) => Some((now, n)),
        Step::Reserve(..) | Step::GiveBack(_) => None,
    })
}

/// The short way may leave it to the long one; whatever it says itself is what that says.
fn says_the_same<L: Word>(limiter: &L, begin: u64, steps: &[Step]) {
    let (mut state, mut now) = (limiter.empty(), begin);
    for step in steps {
        let n = match *step {
            Step::Time(by) => {
                now = now.saturating_add_signed(by);
                continue;
            }
            Step::Reserve(n, longest) => {
                let _ahead = limiter.book(&mut state, at(now), n, Duration::from_nanos(longest));
                continue;
            }
            Step::Check(n) => n,
            Step::GiveBack(_) => continue,
        };
        let verdict = limiter.decide(state, at(now), n);
        let booked = limiter.book(&mut state, at(now), n, Duration::ZERO);
        // The long way counts no more than fits on the timeline.
        let at_the_end = now > u64::MAX - (1 << 60);
        match (verdict, booked) {
            (Some(Verdict::Allowed(after, left)), Ok(booking)) => {
                assert_eq!(after, state);
                assert!(at_the_end || left.count() == booking.remaining());
            }
            (Some(Verdict::Limited(wait)), Err(expected)) => {
                assert!(at_the_end || wait.duration() == expected, "{wait:?}, {expected:?}");
            }
            (None, _) => {}
            other => panic!("{other:?}"),
        }
        // Where time stands still nothing but a permit too many is left to the long way.
        let again = limiter.decide(state, at(now), n);
        assert!(again.is_some() || at_the_end || n > limiter.most_at_once() || booked.is_err());
    }
}

proptest! {
    #[test]
    fn a_token_bucket_does_what_a_bucket_with_tokens_does(quota in quotas(), steps in steps(false)) {
        let bucket = TokenBucket::new(quota);
        let mut state = bucket.empty();
        let full = u128::from(quota.burst) * u128::from(quota.interval_nanos());
        let mut naive = NaiveBucket { tokens: full, filled_at: 0, quota };
        for (now, n) in forwards(steps) {
            let expected = match naive.take(now, n) {
                Ok(remaining) => Decision::Allowed { remaining },
                Err(u64::MAX) => Decision::Limited { retry_after: Duration::MAX },
                Err(nanos) => Decision::Limited { retry_after: Duration::from_nanos(nanos) },
            };
            prop_assert_eq!(bucket.check(&mut state, at(now), n), expected);
        }
    }

    #[test]
    fn the_short_way_says_what_the_long_one_says(
        quota in quotas(),
        steps in steps(true),
        begin in prop_oneof![Just(0), Just(1 << 62), u64::MAX - 5_000 * MS..=u64::MAX],
    ) {
        says_the_same(&TokenBucket::new(quota), begin, &steps);
        says_the_same(&LeakyBucket::new(quota), begin, &steps);
        says_the_same(&FixedWindow::new(quota), begin, &steps);
    }

    #[test]
    fn a_sliding_log_does_what_a_list_of_all_uses_does(quota in quotas(), steps in steps(false)) {
        let log = SlidingLog::new(quota);
        let mut state = log.empty();
        let mut naive = NaiveLog { used_at: Vec::new(), quota };
        for (now, n) in forwards(steps) {
            let decision = log.check(&mut state, at(now), n);
            prop_assert_eq!(decision.is_allowed(), naive.take(now, n), "at {}", now);
            prop_assert!(state.capacity() <= 2 * quota.permits as usize + 4);
        }
    }

    #[test]
    fn a_fixed_window_does_what_a_count_for_each_window_does(
        quota in quotas(),
        steps in steps(false),
    ) {
        let windows = FixedWindow::new(quota);
        let mut state = windows.empty();
        let (mut window, mut used) = (0, 0);
        for (now, n) in forwards(steps) {
            let this = now / quota.period_nanos();
            if this != window {
                (window, used) = (this, 0);
            }
            let expected = if used + n <= quota.permits {
                used += n;
                Decision::Allowed { remaining: quota.permits - used }
            } else if n > quota.permits {
                Decision::Limited { retry_after: Duration::MAX }
            } else {
                let end = (this + 1) * quota.period_nanos();
                Decision::Limited { retry_after: Duration::from_nanos(end - now) }
            };
            prop_assert_eq!(windows.check(&mut state, at(now), n), expected);
        }
    }

    #[test]
    fn a_sliding_counter_does_what_two_fractions_say(quota in quotas(), steps in steps(false)) {
        let counter = SlidingCounter::new(quota);
        let mut state = counter.empty();
        let period = quota.period_nanos();
        let mut uses = alloc::collections::BTreeMap::<u64, u64>::new();
        for (now, n) in forwards(steps) {
            let window = now / period;
            let count = |window: u64| u128::from(uses.get(&window).copied().unwrap_or(0));
            let weighted = count(window - 1) * u128::from(period - now % period)
                + (count(window) + u128::from(n)) * u128::from(period);
            let expected = weighted <= u128::from(quota.permits) * u128::from(period);
            prop_assert_eq!(counter.check(&mut state, at(now), n).is_allowed(), expected);
            if expected {
                *uses.entry(window).or_default() += u64::from(n);
            }
        }
    }

    #[test]
    fn what_is_said_of_the_time_is_true(
        quota in quotas(),
        steps in steps(false),
        which in 0_usize..5,
    ) {
        fn holds<L: Limiter>(limiter: &L, steps: Vec<Step>) {
            let mut state = limiter.empty();
            for (now, n) in forwards(steps) {
                let before = state.clone();
                let left = limiter.remaining(&state, at(now));
                match limiter.check(&mut state, at(now), n) {
                    Decision::Allowed { remaining } => {
                        assert_eq!(remaining, limiter.remaining(&state, at(now)));
                        assert!(left >= n, "{left} were said to be left");
                    }
                    Decision::Limited { retry_after: Duration::MAX } => {
                        assert!(n > limiter.most_at_once());
                    }
                    Decision::Limited { retry_after } => {
                        let then = at(now).saturating_add(retry_after);
                        assert!(limiter.check(&mut before.clone(), then, n).is_allowed());
                        let too_early = at(then.as_nanos() - 1);
                        assert!(!limiter.check(&mut before.clone(), too_early, n).is_allowed());
                    }
                }
            }
        }
        let whole = quota.burst(quota.permits);
        match which {
            0 => holds(&TokenBucket::new(quota), steps),
            1 => {
                // A line of one call says nothing of how many permits that call may take.
                let steps = steps.into_iter().filter(|step| !matches!(step, Step::Check(2..)));
                holds(&LeakyBucket::new(quota), steps.collect());
            }
            2 => holds(&FixedWindow::new(whole), steps),
            3 => holds(&SlidingLog::new(whole), steps),
            _ => holds(&SlidingCounter::new(whole), steps),
        }
    }

    #[test]
    fn what_is_given_back_at_once_was_never_taken(
        quota in quotas(),
        steps in steps(false),
        n in 1_u32..8,
    ) {
        fn holds<L: Limiter>(limiter: &L, steps: Vec<Step>, n: u32) {
            let mut state = limiter.empty();
            for (now, checked) in forwards(steps) {
                let left = limiter.remaining(&state, at(now));
                if let Ok(booking) = limiter.book(&mut state, at(now), n, Duration::MAX) {
                    limiter.give_back(&mut state, at(now), &booking);
                }
                assert_eq!(limiter.remaining(&state, at(now)), left);
                let _ = limiter.check(&mut state, at(now), checked);
            }
        }
        holds(&TokenBucket::new(quota), steps.clone(), n);
        holds(&LeakyBucket::new(quota), steps.clone(), n);
        holds(&FixedWindow::new(quota), steps.clone(), n);
        holds(&SlidingLog::new(quota), steps.clone(), n);
        holds(&SlidingCounter::new(quota), steps, n);
    }

    #[test]
    fn another_quota_takes_over_what_was_used(
        from in quotas(),
        to in quotas(),
        used in 0_u32..20,
        which in 0_usize..4,
    ) {
        fn left<L: Settable>(from: Quota, to: Quota, used: u32) -> (u32, u32) {
            let (before, after) = (L::of(from), L::of(to));
            let mut state = before.empty();
            let now = at(BEGIN);
            for _ in 0..used {
                let _ = before.check(&mut state, now, 1);
            }
            let taken = before.most_at_once() - before.remaining(&state, now);
            after.carry_over(&mut state, now, &before);
            (after.remaining(&state, now), after.most_at_once().saturating_sub(taken))
        }
        let (from_all, to_all) = (from.burst(from.permits), to.burst(to.permits));
        let (left, expected) = match which {
            0 => left::<TokenBucket>(from, to, used),
            1 => left::<FixedWindow>(from_all, to_all, used),
            2 => left::<SlidingCounter>(from_all, to_all, used),
            // A log knows when, so a longer period only ever finds more.
            _ => left::<SlidingLog>(from_all, to_all, used),
        };
        prop_assert_eq!(left, expected);
    }
}

#[test]
fn nobody_waits_longer_because_somebody_behind_gave_up() {
    let bucket = TokenBucket::new(Quota::per_second(1_000).burst(1));
    let mut state = bucket.empty();
    let now = at(BEGIN);
    let book = |state: &mut u64| bucket.book(state, now, 1, Duration::MAX).unwrap();
    let lined_up: Vec<_> = (0..4).map(|_| book(&mut state)).collect();
    let delay = |booking: &Booking| booking.starts_at().saturating_duration_since(now);
    let delays: Vec<_> = lined_up.iter().map(|b| delay(b).as_millis()).collect();
    assert_eq!(delays, [0, 1, 2, 3]);

    // The last place is free again; one in the middle is not, because the last counts on it.
    bucket.give_back(&mut state, now, &lined_up[3]);
    assert_eq!(delay(&book(&mut state)).as_millis(), 3);
    bucket.give_back(&mut state, now, &lined_up[1]);
    assert_eq!(delay(&book(&mut state)).as_millis(), 4);
}

#[test]
fn permits_that_came_back_by_themselves_are_not_given_back_again() {
    let bucket = TokenBucket::new(Quota::per_second(1_000).burst(4));
    let mut state = bucket.empty();
    let booking = bucket.book(&mut state, at(BEGIN), 4, Duration::ZERO).unwrap();
    let later = at(BEGIN + 4 * MS);
    assert!(bucket.check(&mut state, later, 4).is_allowed());
    bucket.give_back(&mut state, later, &booking);
    assert!(!bucket.check(&mut state, later, 1).is_allowed());
}

#[test]
fn a_window_that_is_booked_ahead_gives_no_more_than_it_has_when_the_quota_changes() {
    for (permits, later) in [(1, 2), (2, 1), (3, 3), (1, 10), (10, 1)] {
        let before = FixedWindow::new(Quota::new(permits, Duration::from_millis(10)));
        let after = FixedWindow::new(Quota::new(later, Duration::from_millis(10)));
        let mut state = before.empty();
        // All of this window, and one permit of the next.
        assert!(before.check(&mut state, at(BEGIN), permits).is_allowed());
        let booking = before.book(&mut state, at(BEGIN), 1, Duration::MAX).unwrap();
        after.carry_over(&mut state, at(BEGIN), &before);
        assert_eq!(after.remaining(&state, booking.starts_at()), later - 1, "{permits}, {later}");
    }
}

proptest! {
    #[test]
    fn who_booked_before_a_change_of_the_quota_counts_after_it(
        [from, to] in [quotas(), quotas()],
        begin in 1 << 40..(1_u64 << 40) + 2_000 * MS,
        before in prop::collection::vec((1_u32..4, 0_u64..300 * MS), 0..12),
        after in prop::collection::vec((1_u32..4, 0_u64..300 * MS), 1..12),
    ) {
        /// All that starts after the change, with what was booked before it: `count` of them at or
        /// before each new start are at most `allowed`.
        fn holds<L: Settable>(
            [from, to]: [Quota; 2],
            begin: u64,
            [before, after]: [&[(u32, u64)]; 2],
            most: impl Fn(&[(u64, u32)], u64, u64) -> Result<(), String>,
        ) {
            let (first, second) = (L::of(from), L::of(to));
            let (mut state, mut now, mut uses) = (first.empty(), begin, Uses::new());
            for &(n, step) in before {
                if let Ok(booking) = first.book(&mut state, at(now), n, Duration::from_secs(4)) {
                    uses.push((booking.starts_at().as_nanos(), n));
                }
                now += step;
            }
            second.carry_over(&mut state, at(now), &first);
            let change = now;
            uses.retain(|(start, _)| *start > change);
            for &(n, step) in after {
                if let Ok(booking) = second.book(&mut state, at(now), n, Duration::from_secs(4)) {
                    let start = booking.starts_at().as_nanos().max(now);
                    uses.push((start, n));
                    if let Err(wrong) = most(&uses, start, change) {
                        let kind = core::any::type_name::<L>();
                        panic!("{kind}, {from} to {to} at {change}: {wrong} of {uses:?}");
                    }
                }
                now += step;
            }
        }
        let sum = |uses: &[(u64, u32)], within: &dyn Fn(u64) -> bool| -> u64 {
            uses.iter().filter(|(start, _)| within(*start)).map(|(_, n)| u64::from(*n)).sum()
        };
        let at_most = |used: u64, most: u64| {
            if used <= most { Ok(()) } else { Err(format!("{used} and not {most}")) }
        };
        let (permits, period) = (u64::from(to.permits), to.period_nanos());
        let (burst, interval) = (u64::from(to.burst), to.interval_nanos());
        let steps = [&before[..], &after[..]];
        holds::<TokenBucket>([from, to], begin, steps, |uses, start, change| {
            at_most(sum(uses, &|at| at <= start), burst + (start - change) / interval)
        });
        holds::<LeakyBucket>([from, to], begin, steps, |uses, start, _| {
            let last = uses.len() - 1;
            at_most(sum(&uses[..last], &|at| at + interval > start), 0)
        });
        let windows = [from, to].map(|quota| quota.burst(quota.permits));
        holds::<FixedWindow>(windows, begin, steps, |uses, start, _| {
            at_most(sum(uses, &|at| at / period == start / period), permits)
        });
        holds::<SlidingLog>(windows, begin, steps, |uses, start, _| {
            at_most(sum(uses, &|at| at <= start && at + period > start), permits)
        });
        holds::<SlidingCounter>(windows, begin, steps, |uses, start, _| {
            at_most(sum(uses, &|at| at / period == start / period), permits)
        });
    }
}

#[test]
fn a_counter_that_is_booked_ahead_counts_the_booking_in_windows_of_another_length() {
    let before = SlidingCounter::new(Quota::per_second(1));
    let after = SlidingCounter::new(Quota::new(1, Duration::from_millis(100)));
    let mut state = before.empty();
    let now = at(10_000 * MS);
    assert!(before.check(&mut state, now, 1).is_allowed());
    let booking = before.book(&mut state, now, 1, Duration::MAX).unwrap();
    after.carry_over(&mut state, now, &before);
    for time in [now, booking.starts_at()] {
        assert_eq!(after.remaining(&state, time), 0, "nobody passes who waits");
    }
    let next = booking.starts_at().saturating_add(Duration::from_millis(200));
    assert!(after.check(&mut state, next, 1).is_allowed());
}
