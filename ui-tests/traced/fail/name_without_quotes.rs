//~ expected a name in quotes
use reliability::telemetry::traced;

#[traced(name = order)]
fn place_order() {}

fn main() {
    place_order();
}
