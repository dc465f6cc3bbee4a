use core::fmt;

/// How a transaction ends, for all who take part in it.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::tcc::Decision;
///
/// assert_eq!(Decision::Cancel.to_string(), "cancel");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Decision {
    /// All use what they have reserved.
    Confirm,
    /// All release what they have reserved.
    Cancel,
}

impl Decision {
    /// `confirm` or `cancel`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Cancel => "cancel",
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
