//~ a target of 100 % leaves no budget
use reliability::sre::Slo;

static CHECKOUT: Slo = reliability::slo! { name: "checkout", availability: 100 };

fn main() {
    CHECKOUT.record(true);
}
