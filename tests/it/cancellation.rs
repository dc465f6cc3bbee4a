//! A call may end at every await: dropped before its first poll, in a queue, at work, between two
//! attempts, in its fallback; or by a panic. Whatever layers stand around it, by a builder or by an
//! attribute, it then leaves nothing behind: places, probes and tokens are as they were, and it is
//! counted once.
//!
//! The cases are all combinations of [`moments`](moment::Moment), layers and ways to write a call.
//! What has to hold afterwards follows from the moment and the order of the layers alone, and is
//! said once, in [`Expected`](expected::Expected).

mod attribute;
mod expected;
mod layers;
mod moment;
mod stage;

use reliability::resilience::Layer;

use self::layers::Follows;
use self::moment::Moment;
use self::stage::{Case, Front};

/// Every choice of up to so many layers, of all, and of all but one, in the recommended order.
fn choices(most: u32) -> Vec<Vec<Layer>> {
    let chosen = |bits: u32| {
        let layers = Layer::ALL.iter().enumerate();
        layers.filter(move |(index, _)| bits >> index & 1 == 1).map(|(_, layer)| *layer)
    };
    let nearly_all = Layer::ALL.len() as u32 - 1;
    let sizes = |bits: &u32| bits.count_ones() <= most || bits.count_ones() >= nearly_all;
    (1..1 << Layer::ALL.len()).filter(sizes).map(|bits| chosen(bits).collect()).collect()
}

/// Up to three layers, in every order that a policy accepts.
fn orders() -> Vec<Vec<Layer>> {
    let mut orders = vec![Vec::new()];
    let mut longest = orders.clone();
    for _ in 0..3 {
        let longer = |order: &Vec<Layer>| {
            let others = Layer::ALL.into_iter().filter(|layer| !order.contains(layer));
            let append = |layer| order.iter().copied().chain([layer]).collect::<Vec<_>>();
            others.map(append).collect::<Vec<_>>()
        };
        longest = longest.iter().flat_map(longer).filter(|order| layers::accepts(order)).collect();
        orders.extend(longest.iter().cloned());
    }
    orders.split_off(1)
}

/// Runs all cases of these layers, and says how many there were.
async fn run_all(arrangements: Vec<Vec<Layer>>, front: Front, follows: Follows) -> usize {
    let mut cases = 0;
    let mut complaints = Vec::new();
    for layers in &arrangements {
        for moment in Moment::ALL {
            for probing in [false, true] {
                let case = Case { layers, moment, probing, front, follows };
                if !case.exists() {
                    continue;
                }
                cases += 1;
                if let Err(told) = case.run().await {
                    complaints.push(format!("{case:?}: {told}"));
                }
            }
        }
    }
    let failed = complaints.len();
    complaints.truncate(20);
    assert!(failed == 0, "\n{failed} of {cases} cases\n{}", complaints.join("\n"));
    cases
}

#[tokio::test(start_paused = true)]
async fn a_policy_of_any_layers_is_as_before() {
    assert!(run_all(choices(4), Front::Builder, Follows::Nothing).await > 6_000);
}

#[tokio::test(start_paused = true)]
async fn a_policy_of_layers_in_any_order_is_as_before() {
    assert!(run_all(orders(), Front::Builder, Follows::Nothing).await > 4_000);
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_an_attribute_names_is_as_before() {
    assert!(run_all(choices(3), Front::Attribute, Follows::Nothing).await > 1_500);
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_an_attribute_names_is_as_before_in_any_order() {
    assert!(run_all(orders(), Front::Attribute, Follows::Nothing).await > 3_000);
}

#[tokio::test(start_paused = true)]
async fn a_policy_whose_timeout_follows_its_calls_is_as_before() {
    let mut with_timeout = choices(3);
    with_timeout.retain(|layers| layers.contains(&Layer::Timeout));
    assert!(run_all(with_timeout, Front::Builder, Follows::Latency).await > 500);
}
