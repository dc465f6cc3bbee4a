//~ a share cannot be negative; write for example `99.95`
use reliability::sre::Slo;

static CHECKOUT: Slo = reliability::slo! { name: "checkout", availability: -5.0 };

fn main() {
    CHECKOUT.record(true);
}
