//~ did you mean `transient`?
use reliability::error::Fault;

#[derive(Fault)]
enum QuoteError {
    #[fault(transent)]
    Reset,
}

fn class(error: &QuoteError) -> reliability::error::Class {
    error.class()
}

fn main() {}
