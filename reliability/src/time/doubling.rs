use core::time::Duration;

/// How long to wait after that many failures in a row: `first`, and from then on twice as long as
/// before, up to `longest`.
pub(crate) const fn doubled(failures: u32, first: Duration, longest: Duration) -> Duration {
    let times = 2_u32.saturating_pow(failures.saturating_sub(1));
    let pause = first.saturating_mul(times);
    if pause.as_nanos() < longest.as_nanos() { pause } else { longest }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let (first, longest) = (Duration::from_secs(1), Duration::from_secs(30));
        let seconds = [0, 1, 2, 3, 4, 5, 6, 7, 40, u32::MAX]
            .map(|failures| doubled(failures, first, longest).as_secs());
        assert_eq!(seconds, [1, 1, 2, 4, 8, 16, 30, 30, 30, 30]);
        assert_eq!(doubled(u32::MAX, Duration::MAX, Duration::MAX), Duration::MAX);
    }
}
