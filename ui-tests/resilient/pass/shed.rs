//! A bulkhead whose queue sheds what has waited for too long.

use std::time::Duration;

use reliability::error::Rejected;
use reliability::resilience::bulkhead::Shed;
use reliability::resilience::{registry, resilient};

#[resilient(bulkhead(concurrent = 64, queue = 1000, wait = "1s", shed))]
async fn plain() -> Result<u32, Rejected> {
    Ok(7)
}

#[resilient(bulkhead(
    concurrent = 64,
    queue = 1000,
    shed(target = "20ms", interval = "200ms"),
))]
async fn slower() -> Result<u32, Rejected> {
    Ok(7)
}

#[resilient(bulkhead(concurrent = 64, queue = 1000, shed(interval = "1s")))]
async fn patient() -> Result<u32, Rejected> {
    Ok(7)
}

fn main() {
    drop((plain(), slower(), patient()));
    let shed = |name: &str| registry::find(name).unwrap().policy().settings().bulkhead.unwrap().shed;
    let millis = Duration::from_millis;
    let expect = |target, interval| Some(Shed { target: millis(target), interval: millis(interval) });
    assert_eq!(shed("plain"), expect(5, 100));
    assert_eq!(shed("slower"), expect(20, 200));
    assert_eq!(shed("patient"), expect(5, 1000));
}
