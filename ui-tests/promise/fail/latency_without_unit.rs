//~ the unit is missing: write `"500ms"` or `"500s"`
use reliability::sre::Slo;

static CHECKOUT: Slo = reliability::slo! { name: "checkout", latency: "99% < 500" };

fn main() {
    CHECKOUT.record(true);
}
