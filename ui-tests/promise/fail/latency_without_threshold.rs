//~ says no threshold: write `"99% < 500ms"`
use reliability::sre::Slo;

static CHECKOUT: Slo = reliability::slo! { name: "checkout", latency: "p99" };

fn main() {
    CHECKOUT.record(true);
}
