//~ did you mean `quarter`?
use reliability::sre::Slo;

static CHECKOUT: Slo = reliability::slo! { name: "checkout", window: qarter, availability: 99.9 };

fn main() {
    CHECKOUT.record(true);
}
