use reliability_derive::StateMachine;

use crate::distributed::transaction::three_phase::Standing;
use crate::distributed::transaction::{Decision, Members, Vote};
use crate::time::Instant;

/// Where a participant stands.
///
/// ```text
///  +---------+  yes  +---------+  all have voted yes  +--------------+
///  | Working | ----> | Waiting | -------------------> | PreCommitted |
///  +---------+       +---------+                      +--------------+
///    |   | it is late   |    |  its turn, or            |    |  its turn, or
///    |   |              |    |  somebody's              |    |  somebody's
///    |   |              |    v                          v    |
///    |   |              |  +-------------------------------+ |
///    |   |              |  |          Terminating          | |
///    |   |              |  +-------------------------------+ |
///    |   |  told        |               | told, or decides   | told
///    |   v              v               v                    v
///    |  +======================================================+
///    +->|                        Ended                         |
///       +======================================================+
///                                    ^  told, or all have come back
///    Waiting, PreCommitted,     +------------+
///    Terminating  ------------> | Recovering |
///     it was dead, or stopped   +------------+
/// ```
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::three_phase::core::ParticipantPhase;
/// use reliability::state::Machine;
///
/// assert!(ParticipantPhase::mermaid().contains("Waiting --> Terminating"));
/// ```
#[derive(StateMachine, Debug, Clone, PartialEq, Eq, Hash)]
#[machine(name = "three_phase_participant", derive(Debug, Clone, PartialEq, Eq, Hash))]
pub enum ParticipantPhase {
    /// It may still refuse.
    #[state(initial, to(Waiting, Ended))]
    Working,
    /// It has voted yes.
    #[state(to(PreCommitted, Terminating, Recovering, Ended))]
    Waiting {
        /// When it takes the coordinator for dead.
        until: Instant,
    },
    /// It knows that all have voted yes.
    #[state(to(Terminating, Recovering, Ended))]
    PreCommitted {
        /// When it takes the coordinator for dead.
        until: Instant,
    },
    /// The coordinator is dead, and those who are left go on. It listens to that one no more.
    #[state(to(Terminating, Recovering, Ended))]
    Terminating {
        /// What it knows.
        knows: Standing,
        /// Who asked last how far it has got. An order of somebody before that one is too late.
        by: Option<usize>,
        /// What the others know, while it is this one's turn.
        turn: Option<Turn>,
        /// When the next step is due: of its own turn, or its turn when whoever has it dies.
        until: Instant,
    },
    /// It was dead, or stopped for so long that it was taken for dead. The others decide without it,
    /// and it asks how; only when all of them were dead as well do they decide together.
    #[state(to(Ended))]
    Recovering {
        /// What it knew when it died.
        knows: Standing,
        /// Those who have come back as well, and have said so.
        back: Members,
        /// The furthest that any of those had got.
        furthest: Standing,
        /// When it asks again.
        until: Instant,
    },
    /// It has done either.
    #[state(final)]
    Ended {
        /// Which one.
        decision: Decision,
    },
}

/// What a participant has heard while it is its turn to decide.
///
/// # Examples
///
/// See [`Participant`](super::Participant).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Turn {
    /// Those who have answered, and do not know yet that all have voted yes.
    pub behind: Members,
    /// The furthest that anybody has got.
    pub furthest: Standing,
    /// Those who are behind are being told.
    pub telling: bool,
}

/// What has happened to a participant.
///
/// # Examples
///
/// See [`Participant`](super::Participant).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParticipantInput {
    /// The coordinator asks for its vote.
    Asked,
    /// Its work is done so far, and this is how it votes.
    Ready(Vote),
    /// The coordinator says that all have voted yes.
    PreCommit,
    /// The decision is known.
    Told(Decision),
    /// Another participant, whose turn it is, asks how far it has got.
    Surveyed(usize),
    /// Another participant answers that.
    Stands(usize, Standing),
    /// Another participant, whose turn it is, says that all have voted yes.
    CaughtUp(usize),
    /// Somebody who was dead asks how it has ended.
    Inquired(Party),
    /// Another participant says what it knew when it died, or how it has ended.
    Reported(usize, Standing),
    /// A write has taken so long that the others may have taken this one for dead.
    Stopped,
    /// Time has passed.
    Woken,
}

/// What a participant wants to have done, in this order.
///
/// # Examples
///
/// See [`Participant`](super::Participant).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParticipantEffect {
    /// Do the work so far that only the decision is missing, and say how it votes.
    Work,
    /// Write down how far it has got, and go on when that is there.
    Record(Standing),
    /// Tell the coordinator how it votes.
    Vote(Vote),
    /// Tell the coordinator that it knows.
    Acknowledge,
    /// Ask that participant how far it has got.
    Survey(usize),
    /// Tell that participant how far this one has got.
    Stand(usize, Standing),
    /// Tell that participant that all have voted yes.
    CatchUp(usize),
    /// Tell that participant how it ends.
    Tell(usize, Decision),
    /// Ask the coordinator and all other participants how it has ended.
    Inquire,
    /// Tell that one how it has ended, or what this one knew when it died.
    Report(Party, Standing),
    /// Write down how it ends, go on when that is there, and let the work happen or undo it.
    Apply(Decision),
}

/// Somebody who takes part.
///
/// # Examples
///
/// See [`Participant`](super::Participant).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Party {
    /// Who has begun it.
    Coordinator,
    /// The participant with that index.
    Participant(usize),
}
