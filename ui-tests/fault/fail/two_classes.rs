//~ `transient` and `permanent` exclude each other
use reliability::error::Fault;

#[derive(Fault)]
enum QuoteError {
    #[fault(transient, permanent)]
    Reset,
}

fn main() {}
