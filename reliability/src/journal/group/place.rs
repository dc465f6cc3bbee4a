use std::io;
use std::path::Path;

use crate::error::Invalid;
use crate::journal::JournalError;

/// Says of a file that cannot be there what would else be "unable to open".
pub(in crate::journal) fn check_place(path: &Path) -> Result<(), JournalError> {
    if path.as_os_str().is_empty() {
        return Err(Invalid::new("journal", "path", "the name of a file", "\"\"")
            .with_advice("what is to be forgotten is kept by `Journal::in_memory()`")
            .into());
    }
    if path.is_dir() {
        let name = path.display();
        let what = alloc::format!("{name} is a folder: name a file that is in it");
        return Err(JournalError::Unusable { what });
    }
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() && !folder.exists() => {
            let told = alloc::format!("there is no folder {}; make it first", folder.display());
            Err(JournalError::Unavailable {
                what: "opening the journal",
                source: io::Error::new(io::ErrorKind::NotFound, told).into(),
            })
        }
        _ => Ok(()),
    }
}
