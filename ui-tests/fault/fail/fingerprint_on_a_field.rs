//~ `fingerprint` goes on the variant, or on the type
use reliability::error::Fault;

#[derive(Debug, Fault)]
#[fault(transient)]
struct Broken {
    #[fault(fingerprint = "broken")]
    _code: u32,
}

fn main() {}
