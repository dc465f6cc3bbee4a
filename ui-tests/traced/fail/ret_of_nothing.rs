//~ remove `ret`
use reliability::telemetry::traced;

#[traced(ret)]
fn tick(count: &mut u32) {
    *count += 1;
}

fn main() {}
