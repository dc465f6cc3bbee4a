use alloc::sync::Arc;
use core::fmt;

use crate::error::Invalid;

/// The name of one transaction, which no other one ever has: its participants keep it with what they
/// have promised, and the log answers by it.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::two_phase::TransactionId;
///
/// let id = TransactionId::new("transfer-4711")?;
/// assert_eq!(id.as_str(), "transfer-4711");
/// assert!(TransactionId::new("it's mine").is_err());
/// # Ok::<(), reliability::error::Invalid>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TransactionId(Arc<str>);

impl TransactionId {
    /// The longest name, in bytes. With what a database adds, it fits into 200.
    pub const LONGEST: usize = 128;

    /// The transaction of that name. Take the number of an order, or a UUID: what is used again
    /// meets the decision of the transaction before.
    ///
    /// # Errors
    ///
    /// The name must be 1 to 128 of letters, digits, `_`, `-`, `.` and `:`.
    pub fn new(name: &str) -> Result<Self, Invalid> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:".contains(&byte);
        if (1..=Self::LONGEST).contains(&name.len()) && name.bytes().all(fits) {
            return Ok(Self(name.into()));
        }
        let expected = "1 to 128 of letters, digits, `_`, `-`, `.` and `:`";
        let shown: alloc::string::String = name.chars().take(80).collect();
        Err(Invalid::new("two_phase", "transaction", expected, alloc::format!("{shown:?}")))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
