//~ write for example `latency: "99% < 500ms"`
use reliability::sre::Slo;

static CHECKOUT: Slo = reliability::slo! { name: "checkout", latency: 99% < 500ms };

fn main() {
    let _ = CHECKOUT.name();
}
