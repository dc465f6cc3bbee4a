//~ `#[traced]` goes on a function
use reliability::telemetry::traced;

#[traced]
struct Order;

fn main() {
    let Order = Order;
}
