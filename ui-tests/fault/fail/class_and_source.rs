//~ `transient` and a source exclude each other
use reliability::error::Fault;

#[derive(Fault)]
enum QuoteError {
    #[fault(transient, source)]
    Io(std::io::Error),
}

fn main() {}
