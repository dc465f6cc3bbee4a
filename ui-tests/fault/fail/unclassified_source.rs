//~ `#[fault(source)]` (what the error inside says)
use reliability::error::Fault;

#[derive(Fault)]
enum QuoteError {
    Io(std::io::Error),
}

fn main() {}
