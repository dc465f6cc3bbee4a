//~ a promise needs a name, by which metrics and alerts call it
use reliability::sre::Slo;

static CHECKOUT: Slo = reliability::slo! { availability: 99.9 };

fn main() {
    CHECKOUT.record(true);
}
