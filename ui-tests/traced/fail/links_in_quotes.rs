//~ expected the spans that this one is linked to
use reliability::telemetry::traced;

#[traced(links = "4bf92f3577b34da6")]
async fn order() {}

fn main() {}
