//! What every store must do, as a suite that runs over any of them.
//!
//! ```
//! use reliability::journal::{Journal, MemoryStore, conformance};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), conformance::Violation> {
//! // Opens an empty store that goes by the clock it is given.
//! conformance::check(async |clock| Journal::on(MemoryStore::with_clock(clock))).await?;
//! # Ok(())
//! # }
//! ```
//!
//! It does not crash anything: that what was acknowledged outlives a crash is for each store to
//! show by itself.

mod claims;
mod copying;
mod records;
mod streams;

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;
use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::Poll;
use core::time::Duration;
use std::time::SystemTime;

use super::{Append, Appended, Event, Journal, JournalError, StreamId};
use crate::time::WallClock;

/// A case that a store does not pass.
///
/// # Examples
///
/// ```
/// use reliability::journal::{Journal, MemoryStore, conformance};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// // This one does not go by the clock it is given, so no lease ever runs out in it.
/// let violation = conformance::check(async |_| Journal::in_memory()).await.unwrap_err();
/// println!("{violation}");
/// assert!(!violation.case().is_empty());
/// # }
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
        write!(f, "the store does not conform: {}: {}", self.case, self.what)
    }
}

impl Error for Violation {}

/// What a case finds wrong.
type Found = Result<(), String>;

/// A store under test, and the clock that it goes by.
struct Bench {
    journal: Journal,
    clock: WallClock,
}

type Case = for<'a> fn(&'a Bench) -> Pin<Box<dyn Future<Output = Found> + Send + 'a>>;

macro_rules! cases {
    ($cases:ident: $($module:ident :: $case:ident,)*) => {
        const $cases: &[(&str, Case)] = &[
            $((stringify!($case), |bench| Box::pin($module::$case(bench)))),*
        ];
    };
}

cases! {
    COPYING:
    copying::a_sealed_journal_takes_nothing_and_shows_everything,
    copying::a_journal_in_which_somebody_works_is_not_sealed,
    copying::what_is_adopted_is_as_it_was,
    copying::what_does_not_fit_is_not_adopted,
    copying::when_all_epochs_are_given_that_is_an_error,
}

cases! {
    CASES:
    records::records_are_numbered_and_read_in_pages,
    records::a_page_ends_before_it_gets_too_large,
    records::what_is_written_is_read_again,
    records::an_append_after_the_wrong_record_conflicts,
    records::a_batch_is_written_whole_or_not_at_all,
    records::one_batch_may_append_to_a_stream_twice,
    records::of_many_who_append_at_once_nobody_is_lost,
    records::who_reads_all_misses_nothing,
    streams::an_append_without_events_begins_a_stream,
    streams::what_an_append_does_not_name_stays,
    streams::heads_are_listed_in_order_and_in_pages,
    streams::a_removed_stream_is_gone,
    streams::a_busy_stream_is_not_removed,
    streams::who_holds_a_stream_removes_it_while_it_is_due,
    streams::who_waits_is_woken,
    streams::who_waits_is_not_woken_when_there_is_no_news,
    claims::only_what_is_due_is_claimed,
    claims::what_is_urgent_is_claimed_first,
    claims::nobody_gets_what_another_one_holds,
    claims::of_two_who_claim_at_once_each_gets_something_else,
    claims::a_worker_that_slept_through_its_lease_is_fenced,
    claims::a_renewed_lease_lasts_longer,
    claims::a_released_stream_is_free_at_once,
    claims::a_stream_can_begin_in_somebodys_hands,
    claims::a_clock_that_is_set_back_frees_what_is_held,
    claims::epochs_never_come_twice,
}

/// Runs all cases, each over a store of its own: `open` makes an empty one that takes the time from
/// the clock it is given. See the [module](self) for how.
///
/// # Errors
///
/// The first case that the store does not pass.
///
/// # Cancel safety
///
/// Nothing of the suite is left behind but its stores.
pub async fn check(open: impl AsyncFn(&WallClock) -> Journal) -> Result<(), Violation> {
    check_all(CASES, open).await
}

/// Runs the cases for stores that can be [copied](super::copy()), and copied into: they have
/// `standing`, `seal` and `adopt`.
///
/// # Errors
///
/// As of [`check`].
///
/// # Cancel safety
///
/// As of [`check`].
///
/// # Examples
///
/// ```
/// use reliability::journal::{Journal, MemoryStore, conformance};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), conformance::Violation> {
/// conformance::check_copying(async |clock| Journal::on(MemoryStore::with_clock(clock))).await?;
/// # Ok(())
/// # }
/// ```
pub async fn check_copying(open: impl AsyncFn(&WallClock) -> Journal) -> Result<(), Violation> {
    check_all(COPYING, open).await
}

async fn check_all(
    cases: &[(&'static str, Case)],
    open: impl AsyncFn(&WallClock) -> Journal,
) -> Result<(), Violation> {
    for (case, run) in cases {
        let clock = WallClock::manual(noon());
        let bench = Bench { journal: open(&clock).await, clock };
        run(&bench).await.map_err(|what| Violation { case, what })?;
    }
    Ok(())
}

/// A time that every store can write down exactly.
fn noon() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

impl Bench {
    async fn append(&self, append: Append) -> Result<Appended, String> {
        self.journal.append(append).await.map_err(text)
    }

    async fn refused(&self, append: Append) -> Result<JournalError, String> {
        match self.journal.append(append).await {
            Ok(_) => Err("an append was taken that must be refused".into()),
            Err(error) => Ok(error),
        }
    }
}

fn text(error: JournalError) -> String {
    error.to_string()
}

fn stream(kind: &str, key: &str) -> Result<StreamId, String> {
    StreamId::new(kind, key).map_err(|error| error.to_string())
}

fn event(number: u64) -> Event {
    Event::bytes("Numbered", 1, number.to_string())
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

/// All of them at once, in one task.
async fn together<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.into_iter().map(|it| (Box::pin(it), None)).collect();
    poll_fn(|context| {
        for (future, output) in &mut running {
            if output.is_none()
                && let Poll::Ready(ready) = future.as_mut().poll(context)
            {
                *output = Some(ready);
            }
        }
        match running.iter().all(|(_, output)| output.is_some()) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
    running.into_iter().filter_map(|(_, output)| output).collect()
}
