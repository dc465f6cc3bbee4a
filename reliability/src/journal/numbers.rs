//! Numbers that are given once: epochs and positions.

use alloc::format;

use super::JournalError;

/// The last one that there is: no database has a higher one.
pub(super) const LAST: u64 = i64::MAX as u64;

/// Whether so many more of them can be given behind the last one.
pub(super) fn room_for(more: usize, last: u64, what: &'static str) -> Result<(), JournalError> {
    match last.checked_add(more as u64) {
        Some(end) if end <= LAST => Ok(()),
        _ if more == 0 => Ok(()),
        _ => Err(JournalError::Unusable {
            what: format!(
                "the {what} of this journal are used up: {last} was written or adopted, and none is \
                 given twice or above {LAST}; go on in a new journal"
            ),
        }),
    }
}
