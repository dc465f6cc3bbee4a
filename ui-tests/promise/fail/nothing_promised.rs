//~ nothing is promised: write `availability: 99.95`
use reliability::sre::Slo;

static CHECKOUT: Slo = reliability::slo! { name: "checkout" };

fn main() {
    CHECKOUT.record(true);
}
