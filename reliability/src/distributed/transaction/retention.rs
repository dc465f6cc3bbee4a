use core::time::Duration;

#[cfg(feature = "saga")]
use crate::journal::Due;

/// What becomes of a transaction that is over: of a saga that is completed, rolled back or abandoned, in
/// whichever version, also one that is drained; of one by TCC that all participants have heard of, or
/// that was abandoned.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::distributed::transaction::Retention;
///
/// assert_eq!(Retention::default(), Retention::Forever);
/// let month = Retention::For(Duration::from_secs(30 * 86_400));
/// # let _ = month;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Retention {
    /// Its records stay, until somebody removes them.
    #[default]
    Forever,
    /// Its records are removed when so much time has gone by since its end, by an engine that works
    /// at that saga, or by a coordinator that recovers; those of one that is part of another one not
    /// before that one is over. Until then, the same key starts nothing.
    For(Duration),
}

impl Retention {
    #[cfg(feature = "saga")]
    pub(super) fn due(self) -> Due {
        match self {
            Self::Forever => Due::Never,
            Self::For(time) => Due::After(time),
        }
    }
}
