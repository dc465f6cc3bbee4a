//~ is `Busy` worth another try?
use reliability::error::Fault;

#[derive(Fault)]
enum QuoteError {
    #[fault(permanent)]
    UnknownSymbol,
    Busy,
}

fn main() {}
