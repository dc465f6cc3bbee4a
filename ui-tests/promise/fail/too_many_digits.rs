//~ a share is exact to seven digits behind the point
use reliability::sre::Slo;

static CHECKOUT: Slo = reliability::slo! { name: "checkout", availability: 99.999999999 };

fn main() {
    CHECKOUT.record(true);
}
