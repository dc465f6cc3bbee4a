use alloc::string::String;
use core::fmt;

use crate::document::Mistake;

/// Something that a file says to other programs, and where.
///
/// It is no mistake, and changes no promise.
///
/// # Examples
///
/// ```
/// use reliability::sre::Definitions;
///
/// let text = r#"
/// apiVersion: openslo/v1
/// kind: Service
/// metadata: { name: shop }
/// spec: { description: "What sells." }
/// "#;
///
/// let definitions = Definitions::from_yaml(text)?;
/// assert_eq!(
///     definitions.remarks()[0].to_string(),
///     "5:7: `spec` is for other programs; a promise belongs to the process that makes it",
/// );
/// # Ok::<(), reliability::sre::Mistakes>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    line: usize,
    column: usize,
    message: String,
}

impl Remark {
    pub(super) fn new(told: &Mistake) -> Self {
        Self { line: told.line(), column: told.column(), message: told.message().into() }
    }

    /// The line, counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column, counted from 1, in characters.
    pub fn column(&self) -> usize {
        self.column
    }

    /// What is there, and why it says nothing to this library.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}
