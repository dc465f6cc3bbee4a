//~ `#[derive(Tcc)]` goes on a struct or an enum
use reliability::distributed::transaction::tcc::Tcc;

#[derive(Tcc)]
#[tcc(input = u32, refuse = String, try = a, confirm = b, cancel = c)]
union Stock {
    pieces: u32,
}

fn main() {
    let _ = Stock { pieces: 3 };
}
