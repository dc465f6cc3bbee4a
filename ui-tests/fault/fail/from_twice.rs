//~ conflicting implementation for `PriceError`
use reliability::error::{Fault, Rejected};

#[derive(Debug, Fault)]
enum PriceError {
    #[fault(from)]
    Refused(Rejected),
    #[fault(from)]
    Rejected(Rejected),
}

fn main() {}
