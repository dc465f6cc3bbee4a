//~ expected a comma before the next setting
use reliability::sre::Slo;

static CHECKOUT: Slo = reliability::slo! { name: "checkout" availability: 99.9 };

fn main() {
    let _ = CHECKOUT.name();
}
