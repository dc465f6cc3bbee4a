use core::ops::Range;
use core::time::Duration;

/// What goes wrong in a [`World`](super::World), and how often.
///
/// # Examples
///
/// ```
/// use reliability::distributed::sim::Faults;
///
/// assert_eq!(Faults::crashes().loss, 0);
/// assert_eq!(Faults::deaths().down, None);
/// assert_eq!(Faults::pauses().crash, 0);
/// let worse = Faults { loss: 300, ..Faults::all() };
/// # drop(worse);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults {
    /// How many messages of a thousand get lost.
    pub loss: u32,
    /// How many of a thousand arrive twice.
    pub duplication: u32,
    /// How long a message takes; the wider, the more of them overtake each other.
    pub delay: Range<Duration>,
    /// How long a write takes.
    pub write: Range<Duration>,
    /// How many of a thousand effects find their node dead.
    pub crash: u32,
    /// How long a node stays dead; `None` for ever.
    pub down: Option<Range<Duration>>,
    /// How many of a thousand effects find their node stopped, as by `SIGSTOP` or a machine that
    /// moves: it goes on later, and does not know.
    pub pause: u32,
    /// How long a node is stopped.
    pub paused: Range<Duration>,
    /// How often all nodes crash at once, as when the power fails.
    pub blackouts: u32,
    /// How often the network is cut in two before it all ends.
    pub partitions: u32,
    /// When it all ends: what is dead comes back, and nothing gets lost any more.
    pub until: Duration,
}

const fn millis(start: u64, end: u64) -> Range<Duration> {
    Duration::from_millis(start)..Duration::from_millis(end)
}

impl Faults {
    /// Nothing goes wrong; messages still overtake each other.
    pub const fn none() -> Self {
        Self {
            loss: 0,
            duplication: 0,
            delay: millis(1, 20),
            write: millis(1, 5),
            crash: 0,
            down: None,
            pause: 0,
            paused: millis(1, 2_000),
            blackouts: 0,
            partitions: 0,
            until: Duration::from_secs(20),
        }
    }

    /// Nodes crash and come back, with what they were writing lost or not.
    pub const fn crashes() -> Self {
        Self { crash: 40, down: Some(millis(100, 4_000)), ..Self::none() }
    }

    /// Nodes crash and stay dead.
    pub const fn deaths() -> Self {
        Self { down: None, ..Self::crashes() }
    }

    /// Nodes are stopped for a while, and go on as if nothing had been.
    pub const fn pauses() -> Self {
        Self { pause: 40, ..Self::none() }
    }

    /// Everything there is, but for pauses and blackouts.
    pub const fn all() -> Self {
        Self {
            loss: 100,
            duplication: 100,
            delay: millis(1, 800),
            partitions: 3,
            ..Self::crashes()
        }
    }
}
