//! Chaos that is off, and chaos that is on and does nothing: what it costs to have it there.

use std::future::poll_fn;
use std::time::Duration;

use criterion::Criterion;
use reliability::resilience::{Chaos, Policy};
use reliability_benches::now_or_panic;
use reliability_benches::single::{Small, ready};
use tower::{Service, ServiceBuilder};
use tower_resilience_chaos::ChaosLayer;

use super::Row;

const LIMIT: Duration = Duration::from_millis(800);
/// So small that a run injects nothing.
const HARDLY: f64 = 1e-15;

pub(super) fn paths(criterion: &mut Criterion) {
    let mut row = Row::new(criterion, "chaos");
    row.path("floor_ready", || || now_or_panic(ready::<Small>()));
    let none = Policy::builder("bench").timeout(LIMIT).build().expect("valid settings");
    let none = &none;
    row.path("ours_none", || || now_or_panic(none.call(ready::<Small>)));
    let chaos = Chaos::builder("bench").error(HARDLY).build().expect("valid settings");
    let with = Policy::builder("bench").timeout(LIMIT).chaos(chaos.clone());
    let with = &with.build().expect("valid settings");
    row.path("ours_off", || || now_or_panic(with.call(ready::<Small>)));
    let strikes = &chaos;
    row.path("ours_strike_off", || || strikes.strike());
    let on = chaos.while_held();
    row.path("ours_on", || || now_or_panic(with.call(ready::<Small>)));
    drop(on);
    row.path("tower_resilience", || {
        let chaos = ChaosLayer::builder().error_rate(HARDLY).error_fn(|_: &u32| Small(1)).build();
        let mut service = ServiceBuilder::new().layer(chaos).service_fn(|_: u32| ready::<Small>());
        move || {
            now_or_panic(async {
                poll_fn(|cx| Service::<u32>::poll_ready(&mut service, cx)).await?;
                service.call(7).await
            })
        }
    });
}
