//~ the call would end when the future is made, before it runs: write an `async fn`
use reliability::sre::{Slo, slo};

static CHECKOUT: Slo = reliability::slo! { name: "checkout", availability: 99.9 };

#[slo(objective = CHECKOUT)]
fn checkout() -> impl Future<Output = Result<(), String>> {
    async { Ok(()) }
}

fn main() {}
