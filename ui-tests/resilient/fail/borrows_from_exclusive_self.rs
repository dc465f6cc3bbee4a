//~ the result borrows from `&mut self`
use reliability::error::Rejected;
use reliability::resilience::resilient;

struct Cache {
    value: String,
}

impl Cache {
    #[resilient(retry, idempotent)]
    async fn value(&mut self) -> Result<&str, Rejected> {
        self.value.push('!');
        Ok(&self.value)
    }
}

fn main() {}
