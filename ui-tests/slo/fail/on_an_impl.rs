//~ write it on the functions of this `impl`
use reliability::sre::{Slo, slo};

static CHECKOUT: Slo = reliability::slo! { name: "checkout", availability: 99.9 };

struct Shop;

#[slo(objective = CHECKOUT)]
impl Shop {
    fn checkout() -> Result<(), ()> {
        Ok(())
    }
}

fn main() {
    let _ = Shop::checkout();
}
