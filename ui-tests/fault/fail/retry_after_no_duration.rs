//~ which is no duration
use reliability::error::Fault;

#[derive(Fault)]
enum QuoteError {
    #[fault(overloaded, retry_after = after)]
    Busy { after: u64 },
}

fn main() {}
