//~ `availability` is given twice; keep one of the two
use reliability::sre::Slo;

static CHECKOUT: Slo = reliability::slo! { name: "checkout", availability: 99.9, availability: 99.95 };

fn main() {
    CHECKOUT.record(true);
}
