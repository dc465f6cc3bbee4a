//~ did you mean `availability`?
use reliability::sre::Slo;

static CHECKOUT: Slo = reliability::slo! { name: "checkout", availabilty: 99.9, latency: "99% < 1s" };

fn main() {
    CHECKOUT.record(true);
}
