use core::fmt;

/// What to do about an error.
///
/// # Examples
///
/// ```
/// use reliability::error::recovery::Action;
///
/// assert_eq!(Action::FallBack.to_string(), "fall_back");
/// assert_eq!(Action::Restart.as_str(), "restart");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// Nothing: nobody failed.
    Nothing,
    /// Try again; a `retry` around the call does.
    Retry,
    /// Answer otherwise; a `fallback` around the call does.
    FallBack,
    /// Make the component anew.
    Restart,
    /// Do less for a while.
    Degrade,
    /// Tell a person.
    Escalate,
}

impl Action {
    /// The name in snake case, as it stands in events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Action::Nothing => "nothing",
            Action::Retry => "retry",
            Action::FallBack => "fall_back",
            Action::Restart => "restart",
            Action::Degrade => "degrade",
            Action::Escalate => "escalate",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
