//~ `from` makes a `Io` of the error alone
use reliability::error::Fault;

#[derive(Fault)]
enum QuoteError {
    #[fault(from)]
    Io(u32, std::io::Error),
}

fn main() {}
