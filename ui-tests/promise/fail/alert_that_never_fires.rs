//~ this alert can never fire: with a target of 90 % even a total outage burns only 10.0 times too fast
use reliability::sre::Slo;

static CHECKOUT: Slo = reliability::slo! { name: "checkout", availability: 90, alerts: [page(burn = 14.4, long = "1h")] };

fn main() {
    CHECKOUT.record(true);
}
