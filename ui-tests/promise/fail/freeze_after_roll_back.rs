//~ would come before the freeze
use reliability::sre::Slo;

static CHECKOUT: Slo = reliability::slo! { name: "checkout", availability: 99.9, freeze_below: 3 };

fn main() {
    CHECKOUT.record(true);
}
