//~ a participant is there for as long as its coordinator, so it borrows nothing
use reliability::distributed::transaction::tcc::{Coordinator, Cx, Tcc, Transient};
use reliability::journal::Journal;

#[derive(Tcc)]
#[tcc(input = (), refuse = (), try = Door::hold, confirm = Door::free, cancel = Door::free)]
struct Door<'a> {
    name: &'a str,
}

impl Door<'_> {
    async fn hold(&self, _: &Cx, (): &()) -> Result<(), ()> {
        Ok(())
    }

    async fn free(&self, _: &Cx, (): &()) -> Result<(), Transient> {
        Ok(())
    }
}

fn main() {
    let _ = Coordinator::on(&Journal::in_memory()).participant(Door { name: "front" });
}
