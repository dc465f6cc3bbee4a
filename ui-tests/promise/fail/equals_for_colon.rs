//~ expected a colon and a value: write `name: ..`
use reliability::sre::Slo;

static CHECKOUT: Slo = reliability::slo! { name = "checkout", availability = 99.9 };

fn main() {
    CHECKOUT.record(true);
}
