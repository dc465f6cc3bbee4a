//~ each number has a name here
use reliability::sre::Slo;

static SEARCH: Slo = reliability::slo! {
    name: "search",
    availability: 99.9,
    alerts: [page(14.4, "1h", "5m")],
};

fn main() {
    println!("{SEARCH:?}");
}
