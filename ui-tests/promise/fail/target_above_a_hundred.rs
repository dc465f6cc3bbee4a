//~ a target is a number of per cent below 100, but this is 999
use reliability::sre::Slo;

static CHECKOUT: Slo = reliability::slo! { name: "checkout", availability: 999 };

fn main() {
    CHECKOUT.record(true);
}
