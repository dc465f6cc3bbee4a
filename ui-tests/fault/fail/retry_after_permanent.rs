//~ nobody tries again after an error that is permanent
use reliability::error::Fault;

#[derive(Fault)]
enum QuoteError {
    #[fault(permanent, retry_after = after)]
    Gone { after: std::time::Duration },
}

fn main() {}
