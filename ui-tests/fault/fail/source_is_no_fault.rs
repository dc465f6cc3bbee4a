//~ `Inner` does not say which of its errors are worth another try
use reliability::error::Fault;

struct Inner;

#[derive(Fault)]
enum QuoteError {
    #[fault(source)]
    Inner(Inner),
}

fn main() {}
