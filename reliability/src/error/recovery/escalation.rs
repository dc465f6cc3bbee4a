use alloc::string::String;

use super::Action;
use crate::error::{Class, Name, Severity};

/// What a person is told.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Escalation {
    /// The component that has trouble.
    pub component: Name,
    /// What was to be done about the error: to escalate it, or a restart that was one too many.
    pub action: Action,
    /// What the error says of itself, at most 1024 bytes.
    pub error: String,
    /// Its class.
    pub class: Class,
    /// Its severity.
    pub severity: Severity,
    /// How many escalations were not told since the last one that was.
    pub suppressed: u64,
}
