//~ `Stock` cannot take part in a transaction
use reliability::distributed::transaction::tcc::Coordinator;
use reliability::journal::Journal;

struct Stock;

fn main() {
    let _ = Coordinator::on(&Journal::in_memory()).participant::<Stock>(Stock);
}
