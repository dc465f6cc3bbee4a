use reliability_derive::StateMachine;

/// Where a saga is, by what its journal says.
#[derive(StateMachine, Debug, Clone, Copy, PartialEq, Eq)]
#[machine(name = "saga", derive(Debug, Clone, Copy, PartialEq, Eq))]
pub(in super::super) enum Phase {
    /// Steps are done.
    #[state(initial, to(Undoing, Stuck, Completed, Abandoned))]
    Running,
    /// Steps are undone.
    #[state(to(StuckUndoing, RolledBack, Abandoned))]
    Undoing,
    /// A step has failed too often. Somebody has to look at it, or the deadline turns it back.
    #[state(to(Running, Undoing, Abandoned))]
    Stuck,
    /// An undo has failed too often. Somebody has to look at it.
    #[state(to(Undoing, Abandoned))]
    StuckUndoing,
    /// All steps are done.
    #[state(final)]
    Completed,
    /// Whatever was done is undone.
    #[state(final)]
    RolledBack,
    /// Somebody has ended it by hand.
    #[state(final)]
    Abandoned,
}

impl Phase {
    /// What lists say of such a saga.
    pub(in super::super) const fn status(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Undoing => "undoing",
            Self::Stuck | Self::StuckUndoing => "stuck",
            Self::Completed => "completed",
            Self::RolledBack => "rolled_back",
            Self::Abandoned => "abandoned",
        }
    }

    /// The same of what stands in a record.
    pub(in super::super) fn status_of(text: &str) -> Option<&'static str> {
        Self::ALL.into_iter().map(Self::status).find(|status| *status == text)
    }

    /// Whether lists say of a saga that nothing follows any more.
    pub(in super::super) fn is_over_in_lists(status: &str) -> bool {
        Self::ALL.into_iter().any(|phase| phase.is_over() && phase.status() == status)
    }

    const ALL: [Self; 7] = [
        Self::Running,
        Self::Undoing,
        Self::Stuck,
        Self::StuckUndoing,
        Self::Completed,
        Self::RolledBack,
        Self::Abandoned,
    ];

    /// Whether nothing follows any more.
    pub(in super::super) const fn is_over(self) -> bool {
        matches!(self, Self::Completed | Self::RolledBack | Self::Abandoned)
    }
}
