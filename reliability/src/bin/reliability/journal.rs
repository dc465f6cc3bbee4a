//! Opens a journal by what stands on the command line.

use std::error::Error;

use reliability::journal::Journal;

/// The journal of that name: a file, or a server of PostgreSQL.
pub(crate) async fn open(name: &str) -> Result<Journal, Box<dyn Error>> {
    if name.is_empty() {
        return Err("say which journal: `--journal orders.db`, or RELIABILITY_JOURNAL".into());
    }
    if name.starts_with("postgres://") || name.starts_with("postgresql://") {
        return postgres(name).await;
    }
    file(name)
}

#[cfg(feature = "postgres")]
async fn postgres(name: &str) -> Result<Journal, Box<dyn Error>> {
    Ok(Journal::connect(name).await?)
}

#[cfg(not(feature = "postgres"))]
async fn postgres(_: &str) -> Result<Journal, Box<dyn Error>> {
    Err("this program was built without the feature `postgres`".into())
}

#[cfg(feature = "sqlite")]
fn file(name: &str) -> Result<Journal, Box<dyn Error>> {
    // A wrong name must not make a new journal.
    if !std::path::Path::new(name).is_file() {
        return Err(format!("`{name}` is not there").into());
    }
    Ok(Journal::open(name)?)
}

#[cfg(not(feature = "sqlite"))]
fn file(_: &str) -> Result<Journal, Box<dyn Error>> {
    Err("this program was built without the feature `sqlite`".into())
}
