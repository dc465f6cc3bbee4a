//~ cannot both have `&mut self`
use reliability::error::Rejected;
use reliability::resilience::resilient;

struct Prices(u32);

impl Prices {
    #[resilient(hedge, idempotent)]
    async fn price(&mut self) -> Result<u32, Rejected> {
        self.0 += 1;
        Ok(self.0)
    }
}

fn main() {}
