//~ this is longer than the window of the promise
use reliability::sre::Slo;

static CHECKOUT: Slo = reliability::slo! { name: "checkout", window: "1d", availability: 99.9, alerts: [ticket(burn = 1.5, long = "3d")] };

fn main() {
    CHECKOUT.record(true);
}
