//~ write `skip(argument)`
use reliability::telemetry::traced;

#[traced(skip = token)]
fn order(token: &str) {
    let _ = token;
}

fn main() {
    order("secret");
}
