use alloc::string::String;

use super::Action;
use crate::error::{Class, Name, Severity};

/// What a person is told.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::mpsc;
/// use reliability::error::Class;
/// use reliability::error::recovery::{Action, Component, Recovery};
///
/// let (told, page) = mpsc::channel();
/// let ledger = Component::builder("ledger", async || Ok::<_, Class>(()))
///     .recovery(Recovery::standard().on(Class::Permanent, Action::Escalate))
///     .on_escalation(move |escalation| drop(told.send(escalation.clone())))
///     .start()
///     .await?;
/// ledger.recover(&ledger.current(), &Class::Permanent).await;
///
/// let escalation = page.recv()?;
/// assert_eq!(escalation.component.as_str(), "ledger");
/// assert_eq!((escalation.action, escalation.suppressed), (Action::Escalate, 0));
/// # Ok(())
/// # }
/// ```
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
