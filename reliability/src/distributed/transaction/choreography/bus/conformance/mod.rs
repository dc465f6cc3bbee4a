//! What every bus must do, as a suite that runs over any of them.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//! use reliability::distributed::transaction::choreography::bus::{JournalBus, conformance};
//! use reliability::journal::Journal;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), conformance::Violation> {
//! // Opens an empty bus, which gives up members that are gone after a moment.
//! let short = Duration::from_millis(100);
//! conformance::check(async || {
//!     let bus = JournalBus::builder(&Journal::in_memory()).lease(short).poll(short).build();
//!     Arc::new(bus.expect("they make sense"))
//! })
//! .await?;
//! # Ok(())
//! # }
//! ```
//!
//! It does not crash anything: that what was published outlives a crash is for each bus to show by
//! itself.

mod groups;
mod settling;

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::time::Duration;

use super::{Bus, Delivery, Envelope, Group, Subscription, TransactionId};
use crate::journal::Event;

/// A case that a bus does not pass.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::choreography::bus::conformance::Violation;
///
/// fn told(violation: &Violation) -> String {
///     format!("{}: {violation}", violation.case())
/// }
/// ```
#[derive(Debug)]
pub struct Violation {
    case: &'static str,
    what: String,
}

impl Violation {
    /// The name of the case.
    pub const fn case(&self) -> &'static str {
        self.case
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the bus does not conform: {}: {}", self.case, self.what)
    }
}

impl Error for Violation {}

/// What a case finds wrong.
type Found = Result<(), String>;

/// A bus under test.
struct Bench {
    bus: Arc<dyn Bus>,
}

type Case = for<'a> fn(&'a Bench) -> Pin<Box<dyn Future<Output = Found> + Send + 'a>>;

macro_rules! cases {
    ($($module:ident :: $case:ident,)*) => {
        const CASES: &[(&str, Case)] = &[
            $((stringify!($case), |bench| Box::pin($module::$case(bench)))),*
        ];
    };
}

cases! {
    groups::an_envelope_comes_as_it_was_published,
    groups::each_group_gets_everything,
    groups::topics_do_not_mix,
    groups::a_group_that_was_declared_misses_nothing,
    groups::what_nobody_listens_to_is_not_dropped,
    groups::members_of_a_group_share_what_comes,
    groups::what_many_publish_at_once_all_comes,
    groups::what_was_removed_gets_nothing_any_more,
    groups::a_topic_whose_last_group_was_removed_is_as_new,
    settling::what_was_acknowledged_does_not_come_again,
    settling::what_was_not_settled_comes_again,
    settling::what_was_given_back_comes_again_and_not_too_soon,
    settling::what_was_given_back_holds_nothing_up,
    settling::who_holds_enough_leaves_the_rest_to_others,
    settling::who_stops_waiting_loses_nothing,
    settling::the_same_event_may_be_published_again,
}

/// Runs all cases, each over a bus of its own, which `open` makes: an empty one, that gives what a
/// subscription has left behind to others within seconds. See the [module](self) for how.
///
/// # Errors
///
/// The first case that the bus does not pass.
///
/// # Cancel safety
///
/// Nothing of the suite is left behind but what it has published.
pub async fn check<B: Bus>(open: impl AsyncFn() -> Arc<B>) -> Result<(), Violation> {
    for (case, run) in CASES {
        let bench = Bench { bus: open().await };
        run(&bench).await.map_err(|what| Violation { case, what })?;
    }
    Ok(())
}

/// How long something may take that must come.
const PATIENCE: Duration = Duration::from_secs(30);

const TOPIC: &str = "place_order";

impl Bench {
    async fn publish(&self, envelope: Envelope) -> Found {
        self.bus.publish(envelope).await.map_err(text)
    }

    async fn subscribe(&self, group: Group) -> Result<Box<dyn Subscription>, String> {
        self.bus.subscribe(group).await.map_err(text)
    }
}

fn text(error: impl fmt::Display) -> String {
    error.to_string()
}

fn group(name: &str) -> Result<Group, String> {
    Group::of(TOPIC, name).map_err(text)
}

/// An event whose payload is its number.
fn envelope(number: u64) -> Result<Envelope, String> {
    let event = Event::json("Numbered", 1, &number).map_err(text)?;
    let transaction = TransactionId::new(u128::from(number));
    Envelope::new(TOPIC, transaction, "order-1", event).map_err(text)
}

fn number(delivery: &Delivery) -> Result<u64, String> {
    delivery.envelope().event().read_json().map_err(text)
}

async fn next(subscription: &mut Box<dyn Subscription>) -> Result<Delivery, String> {
    match tokio::time::timeout(PATIENCE, subscription.next()).await {
        Ok(delivery) => delivery.map_err(text),
        Err(_) => Err("nothing came within 30 s".into()),
    }
}

async fn next_number(subscription: &mut Box<dyn Subscription>) -> Result<u64, String> {
    let delivery = next(subscription).await?;
    let number = number(&delivery)?;
    delivery.ack().await.map_err(text)?;
    Ok(number)
}

/// The numbers of the next envelopes, sorted, each once.
async fn numbers(
    subscription: &mut Box<dyn Subscription>,
    count: usize,
) -> Result<Vec<u64>, String> {
    let mut numbers = Vec::new();
    while numbers.len() < count {
        let number = next_number(subscription).await?;
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

fn equal<T: PartialEq + fmt::Debug>(what: &str, found: T, expected: T) -> Found {
    match found == expected {
        true => Ok(()),
        false => Err(alloc::format!("{what}: expected {expected:?}, found {found:?}")),
    }
}

fn holds(what: &str, holds: bool) -> Found {
    match holds {
        true => Ok(()),
        false => Err(what.to_string()),
    }
}
