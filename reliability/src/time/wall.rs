use std::time::SystemTime;

/// What the calendar says, for dates that other machines have written. Steps when somebody sets the
/// clock, so no limit of a policy is measured with it.
pub(crate) fn wall_clock() -> SystemTime {
    SystemTime::now()
}
