//! What a bus calls its queues.

use alloc::string::String;
use core::time::Duration;

use super::super::bus::Group;

/// No name has a slash.
pub(super) fn queue(prefix: &str, group: &Group) -> String {
    alloc::format!("{prefix}/{}/{}", group.topic(), group.name())
}

/// Where those wait that come again after at most so many seconds.
pub(super) fn later(queue: &str, seconds: u64) -> String {
    alloc::format!("{queue}/later/{seconds}")
}

/// Where what is no envelope is kept.
pub(super) fn set_aside(prefix: &str) -> String {
    alloc::format!("{prefix}/set-aside")
}

/// The longest delays of those queues, in seconds: powers of four, up to a day.
pub(super) fn levels() -> impl Iterator<Item = u64> {
    const DAY: u64 = 86_400;
    core::iter::successors(Some(1), |seconds| (*seconds < DAY).then(|| (seconds * 4).min(DAY)))
}

/// That of the queue for that delay.
pub(super) fn level(after: Duration) -> u64 {
    let long_enough = |seconds: &u64| Duration::from_secs(*seconds) >= after;
    levels().find(long_enough).or_else(|| levels().last()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn a_delay_has_the_next_longer_of_ten_queues() {
        let of = |seconds| level(Duration::from_secs_f64(seconds));
        assert_eq!([of(0.001), of(1.0), of(1.001), of(16.0), of(17.0)], [1, 1, 4, 16, 64]);
        assert_eq!([of(65_537.0), of(86_400.0), of(1e9)], [86_400; 3]);
        let mut levels: Vec<u64> = (0..=86_400).map(|it| level(Duration::from_secs(it))).collect();
        levels.dedup();
        assert_eq!(levels.len(), 10);
        assert_eq!(super::levels().collect::<Vec<_>>(), levels);
    }

    #[test]
    fn names_do_not_meet() {
        let group = |topic, name| Group::of(topic, name).unwrap();
        assert_eq!(queue("p", &group("a.b", "c")), "p/a.b/c");
        assert_ne!(queue("p", &group("a", "b.c")), queue("p", &group("a.b", "c")));
        assert_eq!(later("p/a/b", 64), "p/a/b/later/64");
    }
}
