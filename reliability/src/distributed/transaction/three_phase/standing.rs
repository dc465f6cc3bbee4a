use crate::distributed::transaction::Decision;

/// What a participant says of itself when it is asked how far it has got.
///
/// # Examples
///
/// Those who are left decide by what they know:
///
/// ```
/// use reliability::distributed::transaction::three_phase::Standing::{self, *};
/// use reliability::distributed::transaction::Decision;
///
/// // Nobody can have committed: one of those who are left would know that all had voted yes.
/// assert_eq!(Standing::decide([Waiting, Waiting]), Decision::Abort);
/// assert_eq!(Standing::decide([Waiting, PreCommitted]), Decision::Commit);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Standing {
    /// It has not voted.
    Working,
    /// It has voted yes.
    Waiting,
    /// It knows that all have voted yes.
    PreCommitted,
    /// It has done either.
    Ended(Decision),
}

impl Standing {
    /// The word for it, in a log or a message.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Waiting => "waiting",
            Self::PreCommitted => "pre-committed",
            Self::Ended(Decision::Commit) => "committed",
            Self::Ended(Decision::Abort) => "aborted",
        }
    }

    /// That word back.
    pub fn from_name(word: &str) -> Option<Self> {
        let ended = [Decision::Commit, Decision::Abort].map(Self::Ended);
        let all = [Self::Working, Self::Waiting, Self::PreCommitted].into_iter().chain(ended);
        all.into_iter().find(|standing| standing.as_str() == word)
    }

    /// How it ends, by what those know who are left.
    pub fn decide(all: impl IntoIterator<Item = Self>) -> Decision {
        let furthest = |best: Self, next| match (best, next) {
            (Self::Ended(_), _) => best,
            (_, Self::Ended(_)) => next,
            _ => best.max(next),
        };
        match all.into_iter().fold(Self::Working, furthest) {
            Self::Ended(decision) => decision,
            Self::PreCommitted => Decision::Commit,
            Self::Working | Self::Waiting => Decision::Abort,
        }
    }
}
