//~ this is no value; write for example `availability: 99.95`
use reliability::sre::Slo;

static CHECKOUT: Slo = reliability::slo! { name: "checkout", availability: 99.9% };

fn main() {
    let _ = CHECKOUT.name();
}
