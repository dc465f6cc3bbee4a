//! What `cache(..)` in an attribute becomes.

use core::future::Future;
use core::marker::PhantomData;

use crate::resilience::Call;
pub use crate::resilience::cache::Found;
use crate::resilience::cache::{Key, Sharing, Value};

use super::Outcome;
use crate::error::Failure;

/// Looks the answer of a call up.
#[inline]
pub fn look_up<'c, 'a, K: Key, T: Value, E>(
    call: &'c mut Call<'a, E>,
    key: K,
    sharing: Sharing<E>,
) -> impl Future<Output = Found<T, E>> + use<'c, 'a, K, T, E> {
    // As a future, and not as the type that it is: who awaits it would ask for `Value` again, and the
    // compiler complain twice.
    call.look_up(key, sharing)
}

/// The key, as some key: so that one that cannot be is told of here, and nowhere else.
#[inline]
pub fn key<K: Key>(key: K) -> impl Key + use<K> {
    key
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
