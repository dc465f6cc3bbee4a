use core::fmt;

use super::{PolicyLayer, Rules};
use crate::resilience::IdempotencyKey;

/// What a [`PolicyLayer`](super::PolicyLayer) was told about making a request twice; implemented by
/// what its setters leave behind.
///
/// # Examples
///
/// See [`PolicyLayer::idempotent_when`](super::PolicyLayer::idempotent_when).
#[diagnostic::on_unimplemented(
    message = "a request of type `{Req}` cannot be made twice",
    label = "this layer was told that requests may be repeated, and `{Req}` is not `Clone`",
    note = "say how to copy one: `.idempotent_with(|request| ..)`, which gives `None` for a request that gets one attempt",
    note = "or leave the word out: then every request gets one attempt"
)]
pub trait Repeat<Req> {
    /// Whether this request may be made more than once, and on what grounds.
    fn word(&self, request: &Req) -> Word;

    /// A copy for an attempt that may follow; `None` when this attempt has to be the last.
    fn copy(&self, request: &Req) -> Option<Req>;
}

/// Whether a request may be made more than once.
///
/// # Examples
///
/// See [`PolicyLayer::idempotency_key`](super::PolicyLayer::idempotency_key).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// Nobody said so: one attempt.
    Once,
    /// Making it twice has the effect of making it once.
    Idempotent,
    /// The other side recognises a repeated request by this key.
    Key(IdempotencyKey),
}

/// Every request gets one attempt: what a layer does unless it is told otherwise.
///
/// # Examples
///
/// See [`PolicyService`](super::PolicyService).
#[derive(Debug, Clone, Copy, Default)]
pub struct Once;

impl<Req> Repeat<Req> for Once {
    fn word(&self, _: &Req) -> Word {
        Word::Once
    }

    fn copy(&self, _: &Req) -> Option<Req> {
        None
    }
}

/// Every request may be repeated; left behind by
/// [`idempotent`](super::PolicyLayer::idempotent).
///
/// # Examples
///
/// See [`PolicyLayer`](super::PolicyLayer).
#[derive(Debug, Clone, Copy, Default)]
pub struct Idempotent;

#[diagnostic::do_not_recommend]
impl<Req: Clone> Repeat<Req> for Idempotent {
    fn word(&self, _: &Req) -> Word {
        Word::Idempotent
    }

    fn copy(&self, request: &Req) -> Option<Req> {
        Some(request.clone())
    }
}

/// Some requests may be repeated; left behind by
/// [`idempotent_when`](super::PolicyLayer::idempotent_when).
///
/// # Examples
///
/// See [`PolicyLayer::idempotent_when`](super::PolicyLayer::idempotent_when).
#[derive(Clone, Copy)]
pub struct IdempotentWhen<F>(pub(super) F);

#[diagnostic::do_not_recommend]
impl<Req: Clone, F: Fn(&Req) -> bool> Repeat<Req> for IdempotentWhen<F> {
    fn word(&self, request: &Req) -> Word {
        if (self.0)(request) { Word::Idempotent } else { Word::Once }
    }

    fn copy(&self, request: &Req) -> Option<Req> {
        Some(request.clone())
    }
}

/// Requests that a function can copy may be repeated; left behind by
/// [`idempotent_with`](super::PolicyLayer::idempotent_with).
///
/// # Examples
///
/// See [`PolicyLayer::idempotent_with`](super::PolicyLayer::idempotent_with).
#[derive(Clone, Copy)]
pub struct IdempotentWith<F>(pub(super) F);

#[diagnostic::do_not_recommend]
impl<Req, F: Fn(&Req) -> Option<Req>> Repeat<Req> for IdempotentWith<F> {
    fn word(&self, _: &Req) -> Word {
        Word::Idempotent
    }

    fn copy(&self, request: &Req) -> Option<Req> {
        (self.0)(request)
    }
}

/// Requests that have a key may be repeated; left behind by
/// [`idempotency_key`](super::PolicyLayer::idempotency_key).
///
/// # Examples
///
/// See [`PolicyLayer::idempotency_key`](super::PolicyLayer::idempotency_key).
#[derive(Clone, Copy)]
pub struct IdempotentByKey<F>(pub(super) F);

#[diagnostic::do_not_recommend]
impl<Req: Clone, F: Fn(&Req) -> Option<IdempotencyKey>> Repeat<Req> for IdempotentByKey<F> {
    fn word(&self, request: &Req) -> Word {
        (self.0)(request).map_or(Word::Once, Word::Key)
    }

    fn copy(&self, request: &Req) -> Option<Req> {
        Some(request.clone())
    }
}

macro_rules! opaque_debug {
    ($($name:ident),*) => {$(
        impl<F> fmt::Debug for $name<F> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}
pub(super) use opaque_debug;

opaque_debug!(IdempotentWhen, IdempotentWith, IdempotentByKey);

#[expect(clippy::type_complexity, reason = "a layer's type says what it was told")]
impl<P, Q, V, A, X, B, C, W> PolicyLayer<P, Rules<Q, V, A, X, B, C, W>> {
    /// Says that making a request twice has the effect of making it once: the policy's `retry`
    /// applies. Requests are `Clone`, and each attempt that another one may follow gets a clone.
    pub fn idempotent(self) -> PolicyLayer<P, Rules<Idempotent, V, A, X, B, C, W>> {
        self.repeat(Idempotent)
    }

    /// Says it of those requests for which `when` is true; the others get one attempt.
    ///
    /// Over HTTP the [method](http::Method::is_idempotent) says it, as far as the server keeps to
    /// it.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::tower::PolicyLayer;
    /// use reliability::resilience::{Policy, Retry};
    ///
    /// let policy = Policy::builder("shop").retry(Retry::standard()).build()?;
    /// let layer = PolicyLayer::new(policy)
    ///     .idempotent_when(|request: &http::Request<String>| request.method().is_idempotent());
    /// # let _ = layer;
    /// # Ok::<(), reliability::resilience::Invalid>(())
    /// ```
    pub fn idempotent_when<Req, F>(
        self,
        when: F,
    ) -> PolicyLayer<P, Rules<IdempotentWhen<F>, V, A, X, B, C, W>>
    where
        F: Fn(&Req) -> bool,
    {
        self.repeat(IdempotentWhen(when))
    }

    /// Says it of those requests that `copy` can copy, for requests that are not `Clone`. It is
    /// asked before each attempt that another one may follow; where it gives `None`, that attempt
    /// is the last.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::tower::PolicyLayer;
    /// use reliability::resilience::{Policy, Retry};
    ///
    /// /// A question with or without a file, which can be sent once.
    /// struct Question {
    ///     text: String,
    ///     file: Option<std::fs::File>,
    /// }
    ///
    /// let policy = Policy::builder("shop").retry(Retry::standard()).build()?;
    /// let layer = PolicyLayer::new(policy).idempotent_with(|question: &Question| {
    ///     let copied = Question { text: question.text.clone(), file: None };
    ///     question.file.is_none().then_some(copied)
    /// });
    /// # let _ = layer;
    /// # Ok::<(), reliability::resilience::Invalid>(())
    /// ```
    pub fn idempotent_with<Req, F>(
        self,
        copy: F,
    ) -> PolicyLayer<P, Rules<IdempotentWith<F>, V, A, X, B, C, W>>
    where
        F: Fn(&Req) -> Option<Req>,
    {
        self.repeat(IdempotentWith(copy))
    }

    /// Says it of those requests for which there is a key by which the other side recognises them;
    /// the others get one attempt. All attempts have the same key, as
    /// [`IdempotencyKey::current`].
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use reliability::error::Rejected;
    /// use reliability::resilience::tower::PolicyLayer;
    /// use reliability::resilience::{IdempotencyKey, Policy, Retry};
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// let policy = Policy::builder("orders").retry(Retry::standard()).build()?;
    /// let orders = PolicyLayer::new(policy)
    ///     .idempotency_key(|order: &u64| Some(IdempotencyKey::new(format!("order-{order}"))))
    ///     .layer(service_fn(|_: u64| async { Ok::<_, Rejected>(IdempotencyKey::current()) }));
    /// let key = orders.oneshot(17).await?.expect("each attempt has it");
    /// assert_eq!(key.as_str(), "order-17");
    /// # Ok(())
    /// # }
    /// ```
    pub fn idempotency_key<Req, F>(
        self,
        key: F,
    ) -> PolicyLayer<P, Rules<IdempotentByKey<F>, V, A, X, B, C, W>>
    where
        F: Fn(&Req) -> Option<IdempotencyKey>,
    {
        self.repeat(IdempotentByKey(key))
    }

    fn repeat<N>(self, repeat: N) -> PolicyLayer<P, Rules<N, V, A, X, B, C, W>> {
        PolicyLayer { policy: self.policy, rules: self.rules.with_repeat(repeat) }
    }
}
