use core::time::Duration;

use crate::error::recovery::Degradation;
use crate::sre::{Slo, Stance, Status, Urgency};

/// What policies do less of while a budget burns.
#[derive(Debug)]
pub(super) struct Reaction {
    slo: Slo,
    degradation: Degradation,
    /// How far it is to be degraded for this promise, as of the last look.
    wanted: u8,
    /// To which level it was raised; what others have raised higher is theirs to lift.
    held: u8,
}

impl Reaction {
    pub(super) const fn new(slo: Slo, degradation: Degradation) -> Self {
        Self { slo, degradation, wanted: 0, held: 0 }
    }

    pub(super) fn is_for(&self, slo: &Slo) -> bool {
        self.slo == *slo
    }

    /// How the promise was kept, as of this look.
    pub(super) fn note(&mut self, status: &Status) {
        let burns = status.firing().any(|(_, alert)| alert.alert.urgency == Urgency::Page);
        self.wanted = match status.stance() {
            _ if !burns => 0,
            Stance::RollBack => 2,
            Stance::Freeze | Stance::Release => 1,
        };
    }
}

/// Holds each switch for so long at the highest level that one of its promises wants.
pub(super) fn hold(reactions: &mut [Reaction], at_least: Duration) {
    for at in 0..reactions.len() {
        let Some(reaction) = reactions.get(at) else { continue };
        let same = |other: &&Reaction| other.degradation.is(&reaction.degradation);
        let wanted = reactions.iter().filter(same).map(|it| it.wanted).max();
        let (wanted, held) = (wanted.unwrap_or(0), reaction.held);
        if wanted > 0 || held > 0 {
            reaction.degradation.hold(wanted, held, at_least);
        }
        if let Some(reaction) = reactions.get_mut(at) {
            reaction.held = wanted;
        }
    }
}
