//! What a call of a recording is like, known before it is gone through again.

use alloc::collections::BTreeMap;
#[cfg(feature = "cache")]
use core::cell::RefCell;

use super::event::{Event, EventKind};
use super::replay::Again;
#[cfg(feature = "cache")]
use super::replay::its_turn;
use crate::error::Failure;
use crate::resilience::Policy;
#[cfg(feature = "cache")]
use crate::resilience::cache::{Found, Lead, Sharing};
use crate::resilience::policy::Call;
use crate::time::Instant;

/// One call.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Plan {
    pub(super) repeatable: bool,
    pub(super) inherited: Option<Instant>,
    /// Whether its requests may be made more than once at a time. Where nothing tells, each was ready
    /// at once, and it makes no difference.
    pub(super) hedged: bool,
    /// The key that it looked up.
    looked_up: Option<Question>,
    /// It has the right to make the answer, and has made nothing with it so far.
    leads: bool,
    /// Its answer was stale, and another call refreshes it.
    behind: bool,
    /// The key whose answer it settled.
    settled: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
struct Question {
    #[cfg_attr(not(feature = "cache"), allow(dead_code, reason = "only caches have keys"))]
    key: u64,
    #[cfg_attr(not(feature = "cache"), allow(dead_code, reason = "only caches share"))]
    shares_errors: bool,
}

/// The calls of a recording.
pub(super) fn plans(events: &[Event]) -> BTreeMap<u64, Plan> {
    let mut plans = BTreeMap::<u64, Plan>::new();
    for event in events {
        plans.entry(event.call).or_default().note(&event.kind);
    }
    plans
}

impl Plan {
    fn note(&mut self, kind: &EventKind) {
        let first_after_lead = core::mem::take(&mut self.leads);
        match kind {
            EventKind::Began { repeatable, inherited } => {
                self.repeatable = *repeatable;
                self.inherited = *inherited;
            }
            EventKind::Waits { until, inherited: true } => {
                self.inherited = self.inherited.or(*until);
            }
            EventKind::HedgesAfter { .. } => self.hedged = true,
            EventKind::LookedUp { key, shares_errors, found } => {
                self.looked_up = Some(Question { key: *key, shares_errors: *shares_errors });
                self.leads = found.leads();
            }
            EventKind::Ended(_) if first_after_lead => self.behind = true,
            EventKind::Settled { key, .. } => self.settled = Some(*key),
            _ => {}
        }
    }
}

/// Whether the cache has answered.
#[cfg_attr(not(feature = "cache"), allow(dead_code, reason = "only caches answer"))]
pub(super) enum Answered<L> {
    Yes(Result<(), Failure<Again>>),
    No(L),
}

#[cfg(feature = "cache")]
type OwnLead = Option<Lead<()>>;
#[cfg(not(feature = "cache"))]
type OwnLead = ();

/// What one call has left to another one: the lead of each key that is refreshed behind its caller.
#[cfg(feature = "cache")]
pub(super) type Leads = RefCell<BTreeMap<u64, (Lead<()>, Sharing<Again>)>>;
#[cfg(not(feature = "cache"))]
pub(super) type Leads = [(); 0];

/// Looks the answer up, if the call did; nothing if another call goes on with it.
#[cfg(feature = "cache")]
pub(super) async fn looked_up(
    policy: &Policy,
    plan: Plan,
    leads: &Leads,
    call: &mut Call<'_, Again>,
) -> Option<Answered<OwnLead>> {
    let Some(Question { key, shares_errors }) = plan.looked_up else {
        return Some(Answered::No(None));
    };
    let found = call.look_up(&key, sharing(shares_errors)).await;
    let lead = match found {
        Found::Answer(answer) => return Some(Answered::Yes(answer)),
        Found::Lead(lead) => lead,
    };
    if !plan.behind && !plan.leads {
        its_turn(policy).await;
        return Some(Answered::No(Some(lead)));
    }
    leads.borrow_mut().insert(key, (lead, sharing(shares_errors)));
    its_turn(policy).await;
    // It is counted, and nothing else comes of it here.
    drop(call.conclude(Ok(())));
    None
}

/// Gives what came of the call to the cache, if the call did.
#[cfg(feature = "cache")]
pub(super) async fn settled(
    policy: &Policy,
    plan: Plan,
    (lead, leads): (OwnLead, &Leads),
    call: &Call<'_, Again>,
    result: Result<(), Failure<Again>>,
) -> Result<(), Failure<Again>> {
    let shares_errors = plan.looked_up.is_some_and(|question| question.shares_errors);
    let own = lead.map(|lead| (lead, sharing(shares_errors)));
    let left = || leads.borrow_mut().remove(&plan.settled?);
    let Some((lead, sharing)) = own.or_else(left) else { return result };
    its_turn(policy).await;
    call.settle(lead, result, sharing)
}

#[cfg(feature = "cache")]
fn sharing(errors: bool) -> Sharing<Again> {
    if errors { Sharing::errors() } else { Sharing::values() }
}

#[cfg(not(feature = "cache"))]
pub(super) async fn looked_up(
    _: &Policy,
    _: Plan,
    _: &Leads,
    _: &mut Call<'_, Again>,
) -> Option<Answered<OwnLead>> {
    Some(Answered::No(()))
}

#[cfg(not(feature = "cache"))]
pub(super) async fn settled(
    _: &Policy,
    _: Plan,
    ((), _): (OwnLead, &Leads),
    _: &Call<'_, Again>,
    result: Result<(), Failure<Again>>,
) -> Result<(), Failure<Again>> {
    result
}
