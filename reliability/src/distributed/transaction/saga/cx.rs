//! What a step is told besides its arguments.

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use std::sync::OnceLock;

use super::Saga as _;
use super::walk::TypedStep;
use crate::fnv::Fnv;

/// What a step, a probe or an undo is told besides its arguments.
///
/// `S` is what the saga's steps share: clients, pools. The saga names it with `shared = Shop`, and
/// the engine is [given](super::SagasBuilder::saga) one.
///
/// # Examples
///
/// A step that makes its call idempotent:
///
/// ```
/// use reliability::distributed::transaction::saga::{Cx, Outcome};
///
/// # struct Bank; struct Order { cents: u32 } struct Receipt; struct Refused;
/// # impl Bank { async fn charge(&self, _: u32, _: &str) -> std::io::Result<Receipt> { Ok(Receipt) } }
/// async fn charge(cx: &Cx<Bank>, order: &Order) -> Result<Receipt, Outcome<Refused>> {
///     cx.shared().charge(order.cents, cx.effect().as_str()).await.map_err(Outcome::unknown)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// // In a test of that function:
/// let receipt = charge(&Cx::detached("Charged", Bank), &Order { cents: 299 }).await;
/// assert!(receipt.is_ok());
/// # }
/// ```
pub struct Cx<S: ?Sized = ()> {
    saga: &'static str,
    key: Arc<str>,
    step: &'static str,
    /// Written out when somebody asks for it.
    effect: OnceLock<EffectId>,
    run: u128,
    attempt: u32,
    shared: Arc<S>,
}

/// The name of one effect in the world: the same in each attempt at a step, in its probe and in its
/// undo, before and after a restart, and of no other step or saga.
///
/// It is printable ASCII, at most 200 bytes: what an `Idempotency-Key` may be.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::saga::Cx;
///
/// let effect = Cx::detached("Charged", ()).effect().clone();
/// assert_eq!(effect.to_string(), "00000000000000000000000000000000-Charged");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EffectId(Arc<str>);

impl EffectId {
    pub(in crate::distributed::transaction) fn new(run: u128, step: &str) -> Self {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut id = String::with_capacity(33 + step.len());
        for place in (0..32).rev() {
            id.push(char::from(DIGITS[(run >> (4 * place)) as usize & 15]));
        }
        id.push('-');
        push_printable(&mut id, step);
        Self(id.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Pushes a name as at most 160 characters of printable ASCII: names of steps are identifiers, and those
/// may be of any script. What is too long for that ends in a digest of the whole, so that two names that
/// begin alike stay two.
pub(in crate::distributed::transaction) fn push_printable(onto: &mut String, name: &str) {
    const MOST: usize = 160;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.len() <= MOST && name.bytes().all(plain) {
        return onto.push_str(name);
    }
    let written = || name.chars().flat_map(char::escape_default);
    if written().nth(MOST).is_none() {
        return onto.extend(written());
    }
    onto.extend(written().take(MOST - 17));
    onto.push_str(&alloc::format!("-{:016x}", Fnv::of(name.as_bytes())));
}

impl fmt::Display for EffectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<S> Cx<S> {
    /// Of no saga: for tests of a step's function.
    pub fn detached(step: &'static str, shared: S) -> Self {
        Self::new("", "".into(), step, 0, 1, Arc::new(shared))
    }

    /// For a walk by hand through a saga whose steps share that: each step gets its own
    /// [effect](Cx::effect). See [`walk`](super::walk).
    pub fn shared_with(shared: impl Into<Arc<S>>) -> Self {
        Self::new("", "".into(), "", 0, 1, shared.into())
    }
}

impl<S: ?Sized> Cx<S> {
    pub(in crate::distributed::transaction) fn new(
        saga: &'static str,
        key: Arc<str>,
        step: &'static str,
        run: u128,
        attempt: u32,
        shared: Arc<S>,
    ) -> Self {
        Self { saga, key, step, effect: OnceLock::new(), run, attempt, shared }
    }

    /// Whose effect goes by another name than that of its step.
    #[cfg(feature = "choreography")]
    pub(in crate::distributed::transaction) fn with_effect(mut self, effect: EffectId) -> Self {
        self.effect = OnceLock::from(effect);
        self
    }

    /// The same for a step of a walk.
    pub(super) fn of<T: TypedStep>(&self) -> Self {
        let step = T::Saga::DEFINITION.steps().get(T::PLACE).map_or("?", super::Step::name);
        let (key, shared) = (Arc::clone(&self.key), Arc::clone(&self.shared));
        Self::new(T::Saga::DEFINITION.name(), key, step, 0, 1, shared)
    }

    /// The name of the effect, for idempotency keys.
    pub fn effect(&self) -> &EffectId {
        self.effect.get_or_init(|| EffectId::new(self.run, self.step))
    }

    /// The name of the saga.
    pub const fn saga(&self) -> &'static str {
        self.saga
    }

    /// The key that the saga was started with.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The name of the step.
    pub const fn step(&self) -> &'static str {
        self.step
    }

    /// The number of this attempt, from 1 on. Attempts shortly before a crash may be missing in it.
    pub const fn attempt(&self) -> u32 {
        self.attempt
    }

    /// What the steps share.
    pub fn shared(&self) -> &S {
        &self.shared
    }
}

impl<S: ?Sized> fmt::Debug for Cx<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cx")
            .field("saga", &self.saga)
            .field("key", &self.key)
            .field("step", &self.step)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::EffectId;

    #[test]
    fn an_effect_is_of_one_step_however_long_its_name_is() {
        let of = |step: &str| EffectId::new(7, step).to_string();
        let (short, long) = ("Aufgefüllt", "ausgeführt".repeat(12));
        assert_eq!(&of(short)[33..], "Aufgef\\u{fc}llt");
        let (one, other) = (of(&long), of(&(long.clone() + "X")));
        assert_eq!((one.len(), other.len()), (193, 193));
        assert_ne!(one, other);
        assert_eq!(one, of(&long), "the same after a restart");
        assert!(one.bytes().all(|byte| byte.is_ascii_graphic()), "{one}");
        // What is long and plain is as it is.
        let plain = "a".repeat(160);
        assert_eq!(&of(&plain)[33..], plain);
    }
}
