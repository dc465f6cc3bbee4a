//! A call of a traced function that is not recorded allocates nothing, nor does one that is recorded
//! and thrown away.
//!
//! In a binary of its own, since the recorder is the process's.

use allocation_counter::measure;
use reliability::telemetry::trace::{Context, Recorder, Rules, Sampler, in_context};
use reliability::telemetry::traced;
use reliability_benches::now_or_panic;

const CALLS: usize = 1_000;

/// How many allocations a thousand calls make, once the first ones have set up what is set up once.
fn allocations<R>(mut call: impl FnMut() -> R) -> u64 {
    (0..100).for_each(|_| drop(call()));
    measure(|| (0..CALLS).for_each(|_| drop(call()))).count_total
}

#[traced(fields(list.length = list.len()))]
fn sum(list: &[u64], name: &str) -> u64 {
    list.iter().sum::<u64>() + name.len() as u64
}

#[traced(kind = server)]
async fn outer(count: u64) -> Result<u64, std::num::ParseIntError> {
    Ok(sum(&[count], "one") + sum(&[count, count], "two"))
}

#[test]
fn only_what_is_kept_allocates() {
    let call = || now_or_panic(outer(7));
    assert_eq!(allocations(call), 0, "nobody records");
    let recorder = Recorder::builder().sampler(Sampler::always_off()).start();
    let recorder = recorder.expect("valid settings");
    assert_eq!(allocations(call), 0, "the head drops it");
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    let context = Context::from_traceparent(parent).expect("a traceparent");
    recorder.reload(Sampler::default(), None).expect("no rules");
    let within = || now_or_panic(in_context(context.clone(), outer(7)));
    assert_eq!(allocations(within), 0, "the caller dropped it");
    let rules = Rules::standard().otherwise(0.0);
    recorder.reload(Sampler::default(), Some(rules)).expect("valid rules");
    assert_eq!(allocations(call), 0, "a rule drops it");
    assert!(recorder.counts().dropped >= CALLS as u64);
    recorder.reload(Sampler::always_on(), None).expect("no rules");
    assert!(allocations(call) > 0, "what is kept is handed over");
}
