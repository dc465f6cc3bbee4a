//! One log, two coordinators who may both believe that they are the only one, and participants who
//! forget what is not on their disks.

use super::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Variant {
    /// As it is.
    Careful,
    /// Tells before it is written.
    TellsBeforeLog,
    /// Finds nothing in the log, and presumes an abort without closing it.
    PresumesWithoutClosing,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Model {
    rms: Vec<Participant>,
    /// The one who began, unless it is dead, and the one who takes over.
    tms: [Option<Coordinator>; 2],
    log: Option<Decision>,
    messages: BTreeSet<Message>,
    variant: Variant,
}

impl Model {
    fn of(variant: Variant) -> Self {
        let tm = Coordinator::begin(NOW, all(), Timing::default()).0;
        let messages = BTreeSet::new();
        Self { rms: participants(), tms: [Some(tm), None], log: None, messages, variant }
    }

    fn act(&mut self, effects: &[CoordinatorEffect]) {
        for effect in effects {
            match *effect {
                CoordinatorEffect::Tell(_, decision) => {
                    self.messages.insert(Message::Told(decision));
                }
                CoordinatorEffect::Write(Decision::Commit)
                    if self.variant == Variant::TellsBeforeLog =>
                {
                    self.messages.insert(Message::Told(Decision::Commit));
                }
                _ => {}
            }
        }
    }

    fn with(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut next = self.clone();
        change(&mut next);
        next
    }

    fn steps(&self) -> Vec<(String, Self)> {
        let mut steps = self.steps_of_participants();
        for (index, tm) in self.tms.iter().enumerate() {
            let Some(tm) = tm else { continue };
            let mut input = |what: String, input: CoordinatorInput, log| {
                let next = self.with(|next| {
                    next.log = log;
                    let tm = next.tms[index].as_mut().unwrap();
                    let effects = tm.step(NOW, input);
                    next.act(&effects);
                });
                steps.push((what, next));
            };
            match tm.phase() {
                CoordinatorPhase::Writing { wanted, .. } => {
                    let log = self.log.or(Some(*wanted));
                    let logged = CoordinatorInput::Logged(self.log.unwrap_or(*wanted));
                    input(format!("{index} writes {wanted}"), logged, log);
                }
                CoordinatorPhase::Asking { .. } => {
                    input("gives up".into(), CoordinatorInput::GivenUp, self.log);
                    for rm in 0..RMS {
                        if self.messages.contains(&Message::Prepared(rm)) {
                            let voted = CoordinatorInput::Voted(rm, Vote::Yes);
                            input(format!("hears {rm}"), voted, self.log);
                        }
                    }
                }
                _ => {}
            }
        }
        if self.tms[0].is_some() {
            steps.push(("the coordinator dies".into(), self.with(|next| next.tms[0] = None)));
        }
        if self.tms[1].is_none() {
            let next = self.with(|next| {
                let (mut other, mut effects) =
                    Coordinator::take_over(NOW, all(), next.log, Timing::default());
                if self.variant == Variant::PresumesWithoutClosing && next.log.is_none() {
                    effects = other.step(NOW, CoordinatorInput::Logged(Decision::Abort));
                }
                next.tms[1] = Some(other);
                next.act(&effects);
            });
            steps.push(("another takes over".into(), next));
        }
        steps
    }

    fn steps_of_participants(&self) -> Vec<(String, Self)> {
        let mut steps = Vec::new();
        for rm in 0..RMS {
            if is_working(&self.rms[rm]) {
                let prepared = self.with(|next| {
                    promise(&mut next.rms[rm]);
                    next.messages.insert(Message::Prepared(rm));
                });
                steps.push((format!("{rm} promises"), prepared));
                let refused = self.with(|next| refuse(&mut next.rms[rm]));
                steps.push((format!("{rm} refuses"), refused));
            }
            let found = match self.rms[rm].phase() {
                ParticipantPhase::Promised { .. } => Promised::Either,
                ParticipantPhase::Ended { decision } => Promised::Done(*decision),
                _ => Promised::Nothing,
            };
            let back = Participant::recover(NOW, found, Duration::from_secs(1)).0;
            steps.push((format!("{rm} crashes"), self.with(|next| next.rms[rm] = back)));
            for decision in [Decision::Commit, Decision::Abort] {
                if self.messages.contains(&Message::Told(decision)) {
                    let told = ParticipantInput::Told(decision);
                    let next = self.with(|next| drop(next.rms[rm].step(NOW, told)));
                    steps.push((format!("{rm} hears {decision}"), next));
                }
            }
        }
        steps
    }
}

fn inconsistent(variant: Variant) -> (usize, Option<Vec<String>>) {
    let walked = walk(Model::of(variant), Model::steps);
    let bad = |state: &Model| !consistent(&state.rms);
    let way = walked.shortest(bad).map(|way| way.into_iter().map(String::from).collect());
    (walked.those(bad).len(), way)
}

#[test]
fn whoever_crashes_and_whoever_takes_over_all_agree() {
    let walked = walk(Model::of(Variant::Careful), Model::steps);
    assert_eq!(walked.distinct(), 830);
    assert!(walked.those(|state| !consistent(&state.rms)).is_empty());
}

#[test]
fn from_wherever_it_has_got_everybody_can_still_end() {
    let walked = walk(Model::of(Variant::Careful), Model::steps);
    let mut stuck = Vec::new();
    for state in walked.states() {
        let mut state = state.clone();
        state.tms[0] = None;
        let (mut other, effects) = Coordinator::take_over(NOW, all(), state.log, Timing::default());
        let logged = CoordinatorInput::Logged(state.log.unwrap_or(Decision::Abort));
        state.act(&effects);
        let effects = other.step(NOW, logged);
        state.act(&effects);
        let decision = other.decision().unwrap();
        for rm in &mut state.rms {
            rm.step(NOW, ParticipantInput::Told(decision));
        }
        let ended = state.rms.iter().all(|rm| rm.done() == Some(decision));
        if !ended && consistent(&state.rms) {
            stuck.push(state);
        }
    }
    assert!(stuck.is_empty(), "{} states, such as {:?}", stuck.len(), stuck.first());
}

#[test]
fn telling_before_it_is_logged_is_caught() {
    let (bad, way) = inconsistent(Variant::TellsBeforeLog);
    let way = way.unwrap();
    assert!(bad > 0 && way.iter().any(|step| step == "another takes over"), "{way:?}");
}

#[test]
fn presuming_an_abort_of_somebody_who_is_only_slow_is_caught() {
    let (bad, way) = inconsistent(Variant::PresumesWithoutClosing);
    let way = way.unwrap();
    assert!(bad > 0, "{way:?}");
    assert!(!way.iter().any(|step| step == "the coordinator dies"), "{way:?}");
}
