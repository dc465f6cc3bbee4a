use super::*;

#[test]
fn the_end_of_the_timeline_is_no_reason_to_panic() {
    fn survives<L: Limiter>(limiter: &L) {
        let mut state = limiter.empty();
        for now in [0, u64::MAX - 1, u64::MAX, 0] {
            for n in [0, 1, 5, u32::MAX] {
                let booked = limiter.book(&mut state, at(now), n, Duration::MAX);
                if n == u32::MAX {
                    assert_eq!(booked, Err(Duration::MAX));
                }
                if let Ok(booking) = booked {
                    assert!(booking.starts_at() >= at(now) || booking.remaining() <= 5);
                    limiter.give_back(&mut state, at(now), &booking);
                }
            }
        }
    }
    let quota = Quota::new(5, Quota::PERIOD_MAX);
    survives(&TokenBucket::new(quota));
    survives(&LeakyBucket::new(quota));
    survives(&FixedWindow::new(quota));
    survives(&SlidingLog::new(quota));
    survives(&SlidingCounter::new(quota));
}
