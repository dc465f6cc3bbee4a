#![allow(clippy::unwrap_used, reason = "a test says by panicking that it failed")]

use super::*;

#[tokio::test]
async fn the_store_in_memory_conforms() {
    conformance::check(async |clock| Journal::on(MemoryStore::with_clock(clock))).await.unwrap();
}

#[cfg(feature = "sqlite")]
mod in_a_file;
#[cfg(feature = "sqlite")]
mod same;
