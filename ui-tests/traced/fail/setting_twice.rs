//~ `kind` is given twice; keep one of the two
use reliability::telemetry::traced;

#[traced(kind = client, kind = server)]
fn order() {}

fn main() {
    order();
}
