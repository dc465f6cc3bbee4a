//~ expected the name of a setting before this value; write for example `name = "lookup"`
use reliability::telemetry::traced;

#[traced("order")]
async fn order() {}

fn main() {}
