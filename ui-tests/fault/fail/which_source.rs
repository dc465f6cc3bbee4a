//~ which field of `Io` is the source?
use reliability::error::Fault;

#[derive(Fault)]
enum QuoteError {
    #[fault(source)]
    Io(u32, std::io::Error),
}

fn main() {}
