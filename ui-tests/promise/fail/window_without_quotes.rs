//~ a duration is a string with its unit: write `"30d"`
use reliability::sre::Slo;

static CHECKOUT: Slo = reliability::slo! { name: "checkout", window: 30d, availability: 99.9 };

fn main() {
    let _ = CHECKOUT.name();
}
