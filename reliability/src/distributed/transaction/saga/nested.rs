//! What a saga that is a step of another one says to that one.

use super::rules::{Parent, Phase};
use crate::journal::{Append, Appended, Due, Journal, JournalError};

/// Makes an append by which a saga comes to its end or gets stuck, and tells the saga that it is a
/// step of: both or none, so that no crash in between leaves one that waits for ever.
pub(super) async fn append_and_tell(
    journal: &Journal,
    append: Append,
    parent: &Parent,
    status: &str,
) -> Result<Appended, JournalError> {
    loop {
        let head = journal.head(&parent.stream).await?;
        // Somebody has abandoned it, and perhaps its records are gone.
        let waits = head.filter(|head| !Phase::is_over_in_lists(&head.status));
        let Some(head) = waits else { return journal.append(append).await };
        let told = parent.told(append.stream(), status);
        let mut tell = Append::to(&parent.stream).after(head.sequence).event(told);
        // That it is stuck is good to know, and nothing to do anything about.
        if Phase::is_over_in_lists(status) {
            tell = tell.due(Due::Now);
        }
        match journal.append_all([append.clone(), tell]).await {
            Err(JournalError::Conflict { stream, .. }) if stream == parent.stream => {}
            appended => {
                let ours = appended?.into_iter().next();
                return ours.ok_or_else(|| JournalError::Unreadable {
                    what: "a store has answered an append with nothing".into(),
                    source: None,
                });
            }
        }
    }
}

/// Whether the saga around it may still want to know what it has come to: until that one is over.
pub(super) async fn is_asked_for(journal: &Journal, parent: &Parent) -> Result<bool, JournalError> {
    let head = journal.head(&parent.stream).await?;
    Ok(head.is_some_and(|head| !Phase::is_over_in_lists(&head.status)))
}
