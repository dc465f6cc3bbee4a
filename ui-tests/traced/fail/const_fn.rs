//~ a `const fn` cannot be traced
use reliability::telemetry::traced;

#[traced]
const fn price() -> usize {
    7
}

fn main() {}
