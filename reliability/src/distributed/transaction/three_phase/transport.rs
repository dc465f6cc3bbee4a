use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::fmt;
use core::future::Future;
use core::pin::Pin;

use tokio::sync::mpsc;

use super::Envelope;
use crate::sync::Mutex;

/// Carries messages to other processes.
///
/// On the other side somebody hands each message to the [`Inbox`] of its receiver. A message may get
/// lost when its receiver is dead; if it gets lost otherwise, or takes longer than half of
/// [`round`](super::ThreePhase::round), the network is cut, and the protocol is wrong.
///
/// # Examples
///
/// [`Local`] is one. Over a socket:
///
/// ```
/// use std::future::Future;
/// use std::pin::Pin;
/// use reliability::distributed::transaction::three_phase::{Envelope, Transport};
///
/// struct Bus;
///
/// impl Bus {
///     async fn write(&self, to: &str, line: String) {
///         // .. one that does not answer is dead: there is no error
///         # let _ = (to, line);
///     }
/// }
///
/// impl Transport for Bus {
///     fn send(&self, envelope: Envelope) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
///         Box::pin(async move { self.write(&envelope.to, envelope.to_json()).await })
///     }
/// }
/// # drop(Bus);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` carries no messages of three-phase commit",
    label = "no `Transport`",
    note = "implement `Transport` for it, or take `three_phase::Local` where all are in one process"
)]
pub trait Transport: Send + Sync + 'static {
    /// Sends that, once. Who cannot be reached is dead.
    fn send(&self, envelope: Envelope) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// Where messages for one coordinator or one site are handed in. Cheap to clone.
///
/// # Examples
///
/// See the [module](super).
#[derive(Clone)]
pub struct Inbox {
    name: Arc<str>,
    sender: mpsc::Sender<Envelope>,
}

impl Inbox {
    pub(super) fn new(name: &str) -> (Self, mpsc::Receiver<Envelope>) {
        let (sender, receiver) = mpsc::channel(MOST);
        (Self { name: name.into(), sender }, receiver)
    }

    /// Whose it is.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Hands in a message, and says whether it was taken: not if it is for somebody else, if the
    /// receiver is gone, or has a thousand of them waiting.
    pub fn deliver(&self, envelope: Envelope) -> bool {
        *envelope.to == *self.name && self.sender.try_send(envelope).is_ok()
    }
}

/// How many messages wait at most.
const MOST: usize = 1_024;

/// The transport of those who are in one process. Cheap to clone.
///
/// # Examples
///
/// See the [module](super).
#[derive(Clone)]
pub struct Local(Arc<Mutex<BTreeMap<String, Inbox>>>);

impl Local {
    /// One that nobody is attached to.
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(BTreeMap::new())))
    }

    /// What is for the owner of that inbox goes there from now on.
    pub fn attach(&self, inbox: Inbox) {
        self.0.lock().insert(inbox.name().to_string(), inbox);
    }

    /// What is for that one gets lost from now on.
    pub fn detach(&self, name: &str) {
        self.0.lock().remove(name);
    }
}

impl Default for Local {
    fn default() -> Self {
        Self::new()
    }
}

impl Transport for Local {
    fn send(&self, envelope: Envelope) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let inbox = self.0.lock().get(&envelope.to).cloned();
        Box::pin(async move {
            inbox.map(|inbox| inbox.deliver(envelope));
        })
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("name", &self.name).finish_non_exhaustive()
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Local").field(&self.0.lock().keys()).finish()
    }
}
