use alloc::borrow::ToOwned;
use alloc::sync::Arc;
use core::borrow::Borrow;
use core::fmt;
use core::future::Future;
use core::hash::{BuildHasher, Hash};
use core::ops::DerefMut;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use hashbrown::DefaultHashBuilder;
use pin_project_lite::pin_project;

use super::{Field, Flights, Follower, Joined, Lead, Shard, Turn, join};

/// Lets one caller work at a time for each key, and gives its answer to all who asked meanwhile.
///
/// A handle: clones are the same table of flights. See the [module](super) for why and when.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use reliability::resilience::single_flight::SingleFlight;
///
/// let pages: SingleFlight<u64, Result<String, String>> = SingleFlight::new();
///
/// let page = pages.run(&7, async { Err("no such page".to_owned()) }).await;
/// assert_eq!(page, Err("no such page".to_owned()));
/// assert_eq!(pages.in_flight(), 0);
/// # }
/// ```
pub struct SingleFlight<K, T>(Arc<Inner<K, T>>);

struct Inner<K, T> {
    flights: Flights<K, Arc<T>>,
    hasher: DefaultHashBuilder,
}

impl<K, T> SingleFlight<K, T> {
    /// A table without flights.
    pub fn new() -> Self {
        Self(Arc::new(Inner { flights: Flights::new(), hasher: DefaultHashBuilder::default() }))
    }

    /// How many flights are under way.
    pub fn in_flight(&self) -> usize {
        self.0.flights.len()
    }
}

impl<K: Hash + Eq, T: Clone> SingleFlight<K, T> {
    /// Does the work, or waits for the answer of whoever does it already for the same key.
    ///
    /// Where another caller's answer is used, `work` is dropped without having been polled. An
    /// answer may be a `Result`: then errors are shared, too.
    ///
    /// The wait has no bound of its own: it lasts as long as others work. Put it under a deadline.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the work. If it was the leader's, the follower that has waited for
    /// longest leads.
    ///
    /// # Panics
    ///
    /// When it is polled after it was ready; and when the work does: then a follower leads.
    ///
    /// # Examples
    ///
    /// See [`SingleFlight`].
    pub fn run<'f, Q, F>(&'f self, key: &'f Q, work: F) -> Run<'f, K, Q, T, F>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
        F: Future<Output = T>,
    {
        Run { single: self, key, part: Part::Outside, work }
    }
}

pin_project! {
    /// Leads or follows a flight; made by [`SingleFlight::run`], which says how.
    ///
    /// # Examples
    ///
    /// See [`SingleFlight`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Run<'f, K, Q, T, F>
    where
        Q: ?Sized,
    {
        single: &'f SingleFlight<K, T>,
        key: &'f Q,
        part: Part<'f, K, T>,
        #[pin]
        work: F,
    }
}

enum Part<'f, K, T> {
    Outside,
    Follows(Follower<&'f SingleFlight<K, T>>),
    Leads(Lead<&'f SingleFlight<K, T>>),
    Ended,
}

impl<K, Q, T, F> Future for Run<'_, K, Q, T, F>
where
    K: Borrow<Q>,
    Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    T: Clone,
    F: Future<Output = T>,
{
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let this = self.project();
        loop {
            match this.part {
                Part::Outside => {
                    let key: &Q = this.key;
                    let hash = this.single.0.hasher.hash_one(key);
                    let is = |kept: &K| kept.borrow() == key;
                    *this.part = match join(this.single, hash, is, key.to_owned()) {
                        Joined::Leads(lead) => Part::Leads(lead),
                        Joined::Follows(follower) => Part::Follows(follower),
                    };
                }
                Part::Follows(follower) => match ready!(follower.poll_turn(cx)) {
                    Turn::Lead(lead) => *this.part = Part::Leads(lead),
                    Turn::Landed(answer) => {
                        *this.part = Part::Ended;
                        return Poll::Ready(T::clone(&answer));
                    }
                },
                Part::Leads(_) => {
                    let answer = ready!(this.work.poll(cx));
                    if let Part::Leads(lead) = core::mem::replace(this.part, Part::Ended) {
                        lead.land(|| Arc::new(answer.clone()));
                    }
                    return Poll::Ready(answer);
                }
                Part::Ended => panic!("a flight that has landed was polled again"),
            }
        }
    }
}

impl<K, T> Clone for SingleFlight<K, T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, T> Field for &SingleFlight<K, T> {
    type Key = K;
    type Outcome = Arc<T>;

    #[inline]
    fn shard(&self, hash: u64) -> impl DerefMut<Target = Shard<K, Arc<T>>> {
        self.0.flights.shard(hash)
    }
}

impl<K, T> Default for SingleFlight<K, T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, T> fmt::Debug for SingleFlight<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SingleFlight").field("in_flight", &self.in_flight()).finish_non_exhaustive()
    }
}

impl<K, Q: ?Sized, T, F> fmt::Debug for Run<'_, K, Q, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.part {
            Part::Outside => "Run(not begun)",
            Part::Follows(_) => "Run(follows)",
            Part::Leads(_) => "Run(leads)",
            Part::Ended => "Run(ended)",
        })
    }
}
