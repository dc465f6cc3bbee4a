//~ did you mean `page`?
use reliability::sre::Slo;

static CHECKOUT: Slo = reliability::slo! { name: "checkout", availability: 99.9, alerts: [pager(burn = 14.4, long = "1h")] };

fn main() {
    CHECKOUT.record(true);
}
