//~ write it on the functions of this `impl`
use reliability::telemetry::traced;

struct Store;

#[traced]
impl Store {
    fn price(&self) -> usize {
        7
    }
}

fn main() {}
