//~ `#[derive(Fault)]` goes on an enum or a struct
use reliability::error::Fault;

#[derive(Fault)]
union Either {
    a: u32,
    b: f32,
}

fn main() {}
