//! What `cache(..)` in an attribute becomes.

use core::future::Future;
use core::marker::PhantomData;

use crate::resilience::Call;
pub use crate::resilience::cache::Found;
use crate::resilience::cache::{Key, Sharing, Value};

use super::Outcome;
use crate::error::Failure;

/// The key, which is told of here when it cannot be one, and nowhere else.
#[inline]
pub fn key<K: Key>(key: K) -> K {
    key
}

/// What an answer is looked up by.
///
/// Method lookup finds [`ByKey`] for a key, and [`ByNothing`] for what [`key`] has refused: so the
/// compiler does not say the same again wherever the key is used.
#[derive(Debug)]
pub struct Asked<K>(pub K);

/// Found for a key.
pub trait ByKey {
    /// The key.
    type Key: Key;
    /// Its lookup.
    fn by(&self) -> Lookup<Self::Key>;
}

impl<K: Key + Copy> ByKey for Asked<K> {
    type Key = K;

    #[inline]
    fn by(&self) -> Lookup<K> {
        Lookup(self.0)
    }
}

/// Found for all else, in programs that do not compile.
pub trait ByNothing {
    /// No lookup.
    fn by(&self) -> Lookup<()>;
}

impl<K> ByNothing for &Asked<K> {
    fn by(&self) -> Lookup<()> {
        Lookup(())
    }
}

/// Looks the answer of a call up, by that key.
#[derive(Debug)]
pub struct Lookup<K>(K);

impl<K: Key> Lookup<K> {
    /// Looks it up.
    #[inline]
    pub fn look_up<'c, 'a, T: Value, E>(
        self,
        call: &'c mut Call<'a, E>,
        sharing: Sharing<E>,
    ) -> impl Future<Output = Found<T, E>> + use<'c, 'a, K, T, E> {
        // As a future, and not as the type that it is: who awaits it would ask for `Value` again, and
        // the compiler complain twice.
        call.look_up(self.0, sharing)
    }
}

impl Lookup<()> {
    /// Is never run.
    pub fn look_up<'c, 'a, T: Value, E>(
        self,
        _call: &'c mut Call<'a, E>,
        _sharing: Sharing<E>,
    ) -> impl Future<Output = Found<T, E>> + use<'c, 'a, T, E> {
        core::future::pending()
    }
}

/// One part of a key, which may be a reference already.
///
/// Method lookup tries the receiver as it is before it borrows it: so `(&KeyPart(&part)).part()` is
/// what a reference refers to, and a reference to anything else.
#[derive(Debug)]
pub struct KeyPart<'k, Q: ?Sized>(pub &'k Q);

/// Found for a reference.
pub trait KeyByReference<'k> {
    /// What it refers to.
    type Part: ?Sized;
    /// The reference.
    fn part(&self) -> &'k Self::Part;
}

impl<'k, Q: ?Sized> KeyByReference<'k> for KeyPart<'k, &Q> {
    type Part = Q;

    #[inline]
    fn part(&self) -> &'k Q {
        self.0
    }
}

/// Found for all else.
pub trait KeyByValue<'k> {
    /// The value.
    type Part: ?Sized;
    /// A reference to it.
    fn part(&self) -> &'k Self::Part;
}

impl<'k, Q: ?Sized> KeyByValue<'k> for &KeyPart<'k, Q> {
    type Part = Q;

    #[inline]
    fn part(&self) -> &'k Q {
        self.0
    }
}

/// The errors of a function with that outcome.
#[derive(Debug)]
pub struct ErrorsOf<R>(PhantomData<fn() -> R>);

impl<R> ErrorsOf<R> {
    /// Of no particular call.
    #[inline]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<R> Default for ErrorsOf<R> {
    fn default() -> Self {
        Self::new()
    }
}

/// Found for errors that can be cloned.
pub trait SharesErrors {
    /// The errors.
    type Error;
    /// For all who wait.
    fn sharing(&self) -> Sharing<Self::Error>;
}

impl<R: Outcome<Error: Clone + Send + Sync + 'static>> SharesErrors for ErrorsOf<R> {
    type Error = R::Error;

    #[inline]
    fn sharing(&self) -> Sharing<R::Error> {
        Sharing::errors()
    }
}

/// Found for all else.
pub trait SharesValues {
    /// The errors.
    type Error;
    /// For the caller whose work it was.
    fn sharing(&self) -> Sharing<Self::Error>;
}

impl<R: Outcome> SharesValues for &ErrorsOf<R> {
    type Error = R::Error;

    #[inline]
    fn sharing(&self) -> Sharing<R::Error> {
        Sharing::values()
    }
}

/// An error that can be kept.
#[diagnostic::on_unimplemented(
    message = "`negative(..)` keeps errors, and `{Self}` cannot be kept",
    label = "must be `Clone + Send + Sync + 'static`",
    note = "derive `Clone` for `{Self}`; what it holds that cannot be cloned, such as an `io::Error`, goes into an `Arc`",
    note = "or leave out `negative(..)`: then errors are not kept"
)]
pub trait KeptError: Clone + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<E: Clone + Send + Sync + 'static> KeptError for E {}

/// The errors of that outcome are for all, and kept.
#[inline]
pub const fn keeps_errors<R: Outcome<Error: KeptError>>() -> Sharing<R::Error> {
    Sharing::errors()
}

/// Where there is a stale answer, it is the call's, and the refresh goes on in a task of its own; else
/// the refresh is the call.
pub async fn refresh_behind<T, E, F>(
    mut call: Call<'_, E>,
    stale: Option<T>,
    refresh: F,
) -> Result<T, Failure<E>>
where
    F: Future<Output = Result<T, Failure<E>>> + Send + 'static,
{
    match (stale, tokio::runtime::Handle::try_current()) {
        (Some(stale), Ok(runtime)) => {
            runtime.spawn(async move { drop(refresh.await) });
            call.conclude(Ok(stale))
        }
        // Nobody is there to go on with it.
        (_, _) => {
            call.pass_on();
            refresh.await
        }
    }
}
