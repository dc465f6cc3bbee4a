use core::fmt;

/// How a transaction ends, for all who take part in it.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::Decision;
///
/// assert_eq!(Decision::Commit.to_string(), "commit");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Decision {
    /// Everybody's part happens.
    Commit,
    /// Nobody's part happens.
    Abort,
}

impl Decision {
    /// `commit` or `abort`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Abort => "abort",
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a participant answers when it is asked whether its part can happen.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::Vote;
///
/// // Who has only read has nothing to be told afterwards.
/// assert!(Vote::ReadOnly.allows_commit() && !Vote::No.allows_commit());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Vote {
    /// It can, whatever crashes: it is written down, and waits for the decision.
    Yes,
    /// It has changed nothing, so the decision does not matter to it.
    ReadOnly,
    /// It cannot, and has been undone already.
    No,
}

impl Vote {
    /// Whether the transaction can commit with it.
    pub const fn allows_commit(self) -> bool {
        !matches!(self, Self::No)
    }
}

/// What a participant answers when it is told the decision.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::Followed;
///
/// assert!(Followed::Against.is_heuristic());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Followed {
    /// It has done as it was told, now or before.
    AsTold,
    /// It had done the opposite before it was told: an operator did not want to wait any more.
    Against,
}

impl Followed {
    /// Whether somebody has to mend this by hand.
    pub const fn is_heuristic(self) -> bool {
        matches!(self, Self::Against)
    }
}
