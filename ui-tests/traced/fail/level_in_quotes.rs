//~ write `level = debug`, without quotes
use reliability::telemetry::traced;

#[traced(level = "debug")]
fn order() {}

fn main() {
    order();
}
