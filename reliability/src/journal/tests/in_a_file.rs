use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

/// A folder that is gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("journal-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("journal.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn the_store_in_a_file_conforms() {
    let folder = Folder::new();
    let number = AtomicU32::new(0);
    let open = async |clock: &crate::time::WallClock| {
        let file = format!("{}.db", number.fetch_add(1, Ordering::Relaxed));
        let builder = SqliteStore::builder(folder.0.join(file)).clock(clock);
        Journal::on(builder.build().unwrap())
    };
    conformance::check(open).await.unwrap();
}
