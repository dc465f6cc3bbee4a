//~ `self` is never recorded; remove it from `skip`
use reliability::telemetry::traced;

struct Shop;

impl Shop {
    #[traced(skip(self))]
    fn order(&self) {}
}

fn main() {
    Shop.order();
}
