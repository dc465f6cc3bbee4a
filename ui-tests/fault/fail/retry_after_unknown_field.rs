//~ there is no field `aftr`; did you mean `after`?
use reliability::error::Fault;

#[derive(Fault)]
enum QuoteError {
    #[fault(overloaded, retry_after = aftr)]
    Busy { after: std::time::Duration },
}

fn main() {}
