use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::convert::Infallible;
use core::error::Error;
use core::fmt;
use core::future::{Future, ready};

use super::{Parked, Place, ReadStore, ReadTransaction};
use crate::journal::Position;
use crate::sync::Mutex;

/// A read model in memory, for tests and for what is small enough to be built at each start.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::event_sourcing::{MemoryReadStore, ReadStore, ReadTransaction};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut names = MemoryReadStore::new(Vec::<String>::new());
/// let mut lost = names.begin().await?;
/// lost.model.push("lost".to_owned());
/// drop(lost);
/// let mut kept = names.begin().await?;
/// kept.model.push("kept".to_owned());
/// kept.commit().await?;
/// assert_eq!(names.model(), ["kept"]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct MemoryReadStore<M>(Arc<Mutex<Kept<M>>>);

#[derive(Debug, Clone)]
struct Kept<M> {
    model: M,
    places: BTreeMap<String, Place>,
    parked: BTreeMap<(String, Position), Parked>,
    generation: u64,
}

/// A copy of the model, which takes its place when it is committed.
///
/// # Examples
///
/// See [`MemoryReadStore`].
#[derive(Debug)]
pub struct MemoryTransaction<M> {
    /// The model.
    pub model: M,
    kept: Kept<()>,
    store: Arc<Mutex<Kept<M>>>,
}

/// Another transaction was committed since this one was begun.
///
/// # Examples
///
/// See [`MemoryReadStore`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overtaken;

impl fmt::Display for Overtaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("another transaction was committed since this one was begun; begin it again")
    }
}

impl Error for Overtaken {}

impl<M: Clone> MemoryReadStore<M> {
    /// That model, to which nothing has happened yet.
    pub fn new(model: M) -> Self {
        let (places, parked) = (BTreeMap::new(), BTreeMap::new());
        Self(Arc::new(Mutex::new(Kept { model, places, parked, generation: 0 })))
    }

    /// The model as it is now.
    pub fn model(&self) -> M {
        self.0.lock().model.clone()
    }
}

impl<M> Clone for MemoryReadStore<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M: Clone + Send> ReadStore for MemoryReadStore<M> {
    type Transaction = MemoryTransaction<M>;
    type Error = Overtaken;

    fn begin(&mut self) -> impl Future<Output = Result<Self::Transaction, Overtaken>> + Send {
        let kept = self.0.lock().clone();
        let Kept { model, places, parked, generation } = kept;
        let kept = Kept { model: (), places, parked, generation };
        ready(Ok(MemoryTransaction { model, kept, store: Arc::clone(&self.0) }))
    }
}

fn done<T>(value: T) -> impl Future<Output = Result<T, Overtaken>> {
    ready(Ok::<T, Infallible>(value).map_err(|never| match never {}))
}

impl<M: Clone + Send> ReadTransaction for MemoryTransaction<M> {
    type Error = Overtaken;

    fn place(
        &mut self,
        projection: &str,
    ) -> impl Future<Output = Result<Option<Place>, Overtaken>> + Send {
        done(self.kept.places.get(projection).copied())
    }

    fn keep(
        &mut self,
        projection: &str,
        place: Place,
    ) -> impl Future<Output = Result<(), Overtaken>> + Send {
        self.kept.places.insert(projection.to_string(), place);
        done(())
    }

    fn park(
        &mut self,
        projection: &str,
        parked: &Parked,
    ) -> impl Future<Output = Result<(), Overtaken>> + Send {
        self.kept.parked.insert((projection.to_string(), parked.position), parked.clone());
        done(())
    }

    fn parked(
        &mut self,
        projection: &str,
        most: usize,
    ) -> impl Future<Output = Result<Vec<Parked>, Overtaken>> + Send {
        let all = self.kept.parked.iter();
        let of_it = all.filter(|((name, _), _)| name == projection).take(most);
        done(of_it.map(|(_, parked)| parked.clone()).collect())
    }

    fn unpark(
        &mut self,
        projection: &str,
        position: Option<Position>,
    ) -> impl Future<Output = Result<(), Overtaken>> + Send {
        self.kept.parked.retain(|(name, at), _| {
            name != projection || position.is_some_and(|position| position != *at)
        });
        done(())
    }

    fn commit(self) -> impl Future<Output = Result<(), Overtaken>> + Send {
        let mut store = self.store.lock();
        if store.generation != self.kept.generation {
            return ready(Err(Overtaken));
        }
        let Kept { places, parked, generation, .. } = self.kept;
        *store = Kept { model: self.model, places, parked, generation: generation + 1 };
        ready(Ok(()))
    }
}
