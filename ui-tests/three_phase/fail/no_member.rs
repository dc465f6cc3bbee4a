//~ does not take part in three-phase commit
use reliability::distributed::transaction::three_phase::{Setup, Site};
use reliability::error::Invalid;

struct Shelf;

fn site(setup: &Setup) -> Result<Site, Invalid> {
    setup.site(Shelf)
}

fn main() {
    let _ = site;
}
