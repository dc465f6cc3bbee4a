//! Whoever exports says nothing that would have to be exported.

use core::cell::Cell;

std::thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is sending telemetry right now. What its libraries say meanwhile is neither
/// recorded nor exported, since sending that would make them say more.
#[allow(dead_code, reason = "who asks is a recorder")]
pub(crate) fn is_quiet() -> bool {
    QUIET.with(Cell::get)
}

/// Runs `send`, whose telemetry is not recorded.
pub(crate) fn quietly<T>(send: impl FnOnce() -> T) -> T {
    let _guard = Guard { before: QUIET.with(|quiet| quiet.replace(true)) };
    send()
}

/// Also lifts it when `send` panics.
struct Guard {
    before: bool,
}

impl Drop for Guard {
    fn drop(&mut self) {
        QUIET.with(|quiet| quiet.set(self.before));
    }
}

#[cfg(test)]
mod tests {
    use super::{is_quiet, quietly};

    #[test]
    fn it_is_quiet_inside_and_not_after_it_not_even_after_a_panic() {
        assert!(!is_quiet());
        assert!(quietly(|| quietly(is_quiet) && is_quiet()));
        assert!(!is_quiet());
        assert!(std::panic::catch_unwind(|| quietly(|| panic!("no route"))).is_err());
        assert!(!is_quiet());
    }
}
