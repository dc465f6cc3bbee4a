//~ targets are in per cent, and this is less than one in a hundred: write `99.9`
use reliability::sre::Slo;

static CHECKOUT: Slo = reliability::slo! { name: "checkout", availability: 0.999 };

fn main() {
    CHECKOUT.record(true);
}
