use core::time::Duration;

use crate::time::doubled;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

/// How long to wait after that many failures in a row: doubled each time from one second up to
/// thirty, and by chance up to a half less, so that those who failed together do not come together.
/// A receiver that says when to come is asked no earlier.
pub(super) fn pause(failures: u32, after: Option<Duration>, random: f64) -> Duration {
    match after {
        Some(after) => after.saturating_add(FIRST.mul_f64(random)),
        None => doubled(failures, FIRST, LONGEST).mul_f64(1.0 - random / 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let seconds: Vec<_> =
            (1..=8).map(|failures| pause(failures, None, 0.0).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(pause(u32::MAX, None, 0.0), LONGEST);
    }

    #[test]
    fn chance_takes_up_to_a_half() {
        assert_eq!(pause(2, None, 0.5), Duration::from_millis(1_500));
        assert_eq!(pause(2, None, 1.0), Duration::from_secs(1));
    }

    #[test]
    fn nobody_comes_before_the_receiver_said() {
        let after = Some(Duration::from_secs(7));
        assert_eq!(pause(1, after, 0.0), Duration::from_secs(7));
        assert_eq!(pause(9, after, 0.5), Duration::from_millis(7_500));
        assert_eq!(pause(1, Some(Duration::MAX), 1.0), Duration::MAX);
    }
}
