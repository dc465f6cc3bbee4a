//~ `Shelf` cannot stand behind a `Site`
use reliability::distributed::transaction::two_phase::Site;
use reliability::journal::Journal;

struct Shelf;

fn start(journal: &Journal) {
    Site::on(journal, "stock", Shelf).unwrap();
}

fn main() {
    let _ = start;
}
