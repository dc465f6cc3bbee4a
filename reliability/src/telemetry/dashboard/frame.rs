//! What all panels show at one moment.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::UNIX_EPOCH;

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::MissedTickBehavior;

use super::{DashboardBuilder, Panel, Standing, View, Widget, json, panel};
use crate::time::wall_clock;

/// How often panels are asked. Also what a history in a panel goes by.
const EVERY: Duration = Duration::from_secs(1);

/// The latest frame, for all who look. Whoever is slow misses frames, and holds nobody up.
#[derive(Clone)]
pub(super) struct Frames {
    latest: watch::Receiver<Frame>,
    sampler: Arc<Sampler>,
}

/// One frame, as a value and as it goes over the wire.
#[derive(Debug, Clone, Default)]
pub(super) struct Frame {
    pub(super) value: Arc<Value>,
    pub(super) text: Arc<str>,
}

/// Ends with the last who might look.
struct Sampler(AbortHandle);

impl Drop for Sampler {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Frames {
    /// Asks all panels once a second, from now on.
    pub(super) fn start(settings: &DashboardBuilder) -> Self {
        let with_actions = settings.operators.is_some();
        let about = About { service: settings.service_name(), since: now(), with_actions };
        let (sender, latest) = watch::channel(take(&about));
        let sampler = tokio::spawn(async move {
            let mut ticks = tokio::time::interval(EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
            ticks.tick().await;
            loop {
                ticks.tick().await;
                sender.send_replace(take(&about));
            }
        });
        Self { latest, sampler: Arc::new(Sampler(sampler.abort_handle())) }
    }

    /// Ends the frames, for all.
    pub(super) fn sampler(&self) -> AbortHandle {
        self.sampler.0.clone()
    }

    /// The latest.
    pub(super) fn latest(&self) -> Frame {
        self.latest.borrow().clone()
    }

    /// The latest, and after that the next that there is.
    pub(super) fn follow(&self) -> Following {
        let mut latest = self.latest.clone();
        latest.mark_changed();
        Following { latest, _frames: self.clone() }
    }
}

impl fmt::Debug for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Frames")
    }
}

/// Somebody who looks.
pub(super) struct Following {
    latest: watch::Receiver<Frame>,
    _frames: Frames,
}

impl Following {
    /// The next frame; `None` when there will be none.
    pub(super) async fn next(&mut self) -> Option<Frame> {
        self.latest.changed().await.ok()?;
        Some(self.latest.borrow_and_update().clone())
    }
}

/// What is the same in all frames.
struct About {
    service: String,
    /// When the first was taken, in seconds since 1970.
    since: f64,
    with_actions: bool,
}

fn now() -> f64 {
    wall_clock().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

fn take(about: &About) -> Frame {
    let mut panels = alloc::vec::Vec::new();
    panel::for_each(|panel| panels.push(json::panel(panel, &view(panel), about.with_actions)));
    let process =
        format!("reliability {}, process {}", env!("CARGO_PKG_VERSION"), std::process::id());
    let value = json!({
        "service": about.service,
        "about": process,
        "since": about.since,
        "at": now(),
        "panels": panels,
    });
    Frame { text: value.to_string().into(), value: Arc::new(value) }
}

/// A panel that panics is shown as such, and takes no other with it.
fn view(panel: &dyn Panel) -> View {
    catch_unwind(AssertUnwindSafe(|| panel.view())).unwrap_or_else(|payload| {
        let why = payload.downcast_ref::<&str>().copied().map(String::from);
        let why = why.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default();
        View::new(Standing::Bad, "this panel panicked").with(Widget::Note(why.into()))
    })
}
