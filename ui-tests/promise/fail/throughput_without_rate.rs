//~ write `throughput: "99% >= 100/m"`
use reliability::sre::Slo;

static CHECKOUT: Slo = reliability::slo! { name: "checkout", throughput: 100 };

fn main() {
    CHECKOUT.record(true);
}
