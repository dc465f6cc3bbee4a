//~ unknown unit of time `sec`
use reliability::resilience::resilient;

#[resilient(timeout = "1 sec", rety(attempts = 3), breaker(window = cuont(10)))]
fn price() -> u32 {
    7
}

fn main() {}
