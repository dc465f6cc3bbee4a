//~ expected how far clocks are ahead of UTC, at most 18 hours
use reliability::sre::Slo;

static CHECKOUT: Slo = reliability::slo! { name: "checkout", window: month("+20:00"), availability: 99.9 };

fn main() {
    CHECKOUT.record(true);
}
