//~ write `window: month` without quotes for the calendar
use reliability::sre::Slo;

static CHECKOUT: Slo = reliability::slo! { name: "checkout", window: "month", availability: 99.9 };

fn main() {
    CHECKOUT.record(true);
}
