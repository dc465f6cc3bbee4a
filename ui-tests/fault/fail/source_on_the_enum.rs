//~ `source` is about a field
use reliability::error::Fault;

#[derive(Fault)]
#[fault(source)]
enum QuoteError {
    #[fault(source)]
    Io(std::io::Error),
}

fn main() {}
