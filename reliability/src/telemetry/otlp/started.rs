use core::time::Duration;
use std::time::SystemTime;

use crate::time::wall_clock;

/// When this process began, from which on everything counts that does not say since when. Where the
/// system does not tell it is now, which is later than what was counted before.
pub(super) fn started() -> SystemTime {
    let now = wall_clock();
    let read = |path| std::fs::read_to_string(path).ok();
    let age = read("/proc/self/stat").zip(read("/proc/uptime"));
    let age = age.and_then(|(process, system)| age_of(&process, &system));
    age.and_then(|age| now.checked_sub(age)).unwrap_or(now)
}

/// How old a process is, from what the kernel says of it and of the system:
/// [proc_pid_stat(5)](https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html), field 22, in
/// hundredths of a second, which is what Linux shows to programs whatever its own tick is.
fn age_of(process: &str, system: &str) -> Option<Duration> {
    // The second field is the name of the program, which may hold anything, also parentheses.
    let (_, after_name) = process.rsplit_once(')')?;
    let started: u64 = after_name.split_whitespace().nth(19)?.parse().ok()?;
    let up: f64 = system.split_whitespace().next()?.parse().ok()?;
    let up = Duration::try_from_secs_f64(up).ok()?;
    up.checked_sub(Duration::from_millis(started.checked_mul(10)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_of_a_process_is_read_whatever_it_is_called() {
        let fields = "S 1 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 12345 1000 100";
        let age = age_of(&alloc::format!("42 (a) b (c)) {fields}"), "200.50 10.0\n");
        assert_eq!(age, Some(Duration::from_millis(200_500 - 123_450)));
        assert_eq!(age_of(&alloc::format!("42 (a) {fields}"), "100.0 1"), None);
        assert_eq!(age_of("42", "1 1"), None);
    }

    #[test]
    fn this_process_began_before_now() {
        assert!(started() <= wall_clock());
    }
}
