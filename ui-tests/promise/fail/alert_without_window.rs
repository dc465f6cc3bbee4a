//~ `page` needs long = "1h"
use reliability::sre::Slo;

static CHECKOUT: Slo = reliability::slo! { name: "checkout", availability: 99.9, alerts: [page(burn = 14.4)] };

fn main() {
    CHECKOUT.record(true);
}
