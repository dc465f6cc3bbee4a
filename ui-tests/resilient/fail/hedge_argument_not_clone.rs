//~ Ticket
use reliability::error::Rejected;
use reliability::resilience::resilient;

struct Ticket(u32);

#[resilient(hedge, idempotent)]
async fn price(ticket: Ticket) -> Result<u32, Rejected> {
    Ok(ticket.0)
}

fn main() {}
