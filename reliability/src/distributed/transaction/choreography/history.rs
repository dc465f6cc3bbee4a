//! What was heard so far, in the words of this version: what older programs have said is carried over.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::Value;

use super::bus::Envelope;
use super::plan::Wiring;
use super::rules::State;
use crate::distributed::transaction::saga::durable::Read;
use crate::distributed::transaction::saga::{History, Old, Saga};
use crate::journal::JournalError;

/// What a transaction was started with, and what its events came with.
pub(super) fn history<D: Saga>(
    wiring: &Wiring,
    started: &Envelope,
    state: &State,
) -> Result<History<D>, JournalError> {
    let version = wiring.version();
    let all = || core::iter::once(started).chain(state.heard.values());
    if all().all(|envelope| envelope.event().version() == version) {
        let history = History::<D>::new(started.event().read_json::<Read<_>>()?.0);
        for (place, envelope) in &state.heard {
            history.keep(read::<D>(wiring, *place, envelope.event().payload())?);
        }
        return Ok(history);
    }
    let Old { input, done, .. } = carried::<D>(wiring, started, state.heard.values())?;
    let Read(input) = serde_json::from_value(input).map_err(|error| {
        unreadable("what it was started with is of another form", error.to_string())
    })?;
    let history = History::<D>::new(input);
    let mut left: Vec<usize> = state.heard.keys().copied().collect();
    for (name, output) in done {
        let place = wiring.place(&name).filter(|place| left.contains(place));
        let place = place.ok_or_else(|| renamed(wiring, "came up", &name))?;
        left.retain(|other| *other != place);
        history.keep(read::<D>(wiring, place, output.to_string().as_bytes())?);
    }
    match left.first() {
        Some(place) => Err(renamed(wiring, "is gone", wiring.event(*place))),
        None => Ok(history),
    }
}

/// What a transaction was started with, in the words of this version, as far as they are known.
pub(super) fn input<D: Saga>(wiring: &Wiring, started: &Envelope) -> Result<Value, JournalError> {
    match started.event().version() < wiring.version() && !wiring.is_elsewhere(started) {
        true => Ok(carried::<D>(wiring, started, core::iter::empty())?.input),
        false => started.event().read_json(),
    }
}

/// Version by version. What was made in a version stands beside what was carried over to it.
fn carried<'a, D: Saga>(
    wiring: &Wiring,
    started: &Envelope,
    heard: impl Iterator<Item = &'a Envelope>,
) -> Result<Old, JournalError> {
    let mut heard: Vec<&Envelope> = heard.collect();
    let (version, input) = (started.event().version(), started.event().read_json()?);
    let mut old = Old { version, input, done: Vec::new() };
    loop {
        let (here, later): (Vec<_>, Vec<_>) =
            heard.into_iter().partition(|it| it.event().version() <= old.version);
        for envelope in here {
            let event = envelope.event();
            old.done.push((event.name().to_string(), event.read_json()?));
        }
        heard = later;
        if old.version >= wiring.version() {
            return Ok(old);
        }
        let from = old.version;
        old = D::migrate(old).map_err(|error| {
            let what = format!("version {from} of `{}` cannot be carried over", wiring.name());
            unreadable(&what, error.to_string())
        })?;
        old.version = from.saturating_add(1);
    }
}

fn read<D: Saga>(wiring: &Wiring, place: usize, payload: &[u8]) -> Result<D, JournalError> {
    D::read(place, payload).map_err(|error| {
        let what = format!("the event `{}` is of another form", wiring.event(place));
        unreadable(&what, error.to_string())
    })
}

fn renamed(wiring: &Wiring, how: &str, event: &str) -> JournalError {
    let what = format!(
        "when it was carried over to version {} of `{}`, the event `{event}` {how}: a migration changes \
         what events come with, and neither adds, takes away nor renames one",
        wiring.version(),
        wiring.name(),
    );
    JournalError::Unreadable { what, source: None }
}

fn unreadable(what: &str, why: String) -> JournalError {
    JournalError::Unreadable { what: what.to_string(), source: Some(why.into()) }
}
