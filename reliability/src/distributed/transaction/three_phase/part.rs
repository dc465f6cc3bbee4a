//! One transaction at one site: does what its core wants, until there is nothing left to do.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use core::future::pending;
use core::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::core::{Participant, ParticipantEffect, ParticipantInput, ParticipantPhase, Party};
use super::log::{Cast, Found};
use super::setup::{Hub, Post};
use super::{Envelope, Member, Message, Standing, observe};
use crate::distributed::transaction::two_phase::TransactionId;
use crate::distributed::transaction::{Decision, Followed, Members, Vote};
use crate::error::Invalid;
use crate::journal::{JournalError, Sequence};

/// What comes for a transaction.
pub(super) enum Letter {
    Mail(Envelope),
    Force(Force),
}

/// An operator decides, and says who it is and why.
pub(super) struct Force {
    pub(super) decision: Decision,
    pub(super) who_and_why: [String; 2],
    pub(super) done: oneshot::Sender<Result<(), Invalid>>,
}

/// Where a transaction is, and whose.
pub(super) struct Place {
    pub(super) hub: Arc<Hub>,
    pub(super) member: Arc<dyn Member>,
    pub(super) transaction: TransactionId,
}

struct Part {
    place: Place,
    cast: Cast,
    core: Participant,
    last: Sequence,
    post: Post,
    work: String,
    working: JoinSet<Vote>,
    applying: JoinSet<Followed>,
    followed: bool,
    forced: Option<[String; 2]>,
    contradicted: bool,
}

/// The longest pause before a member is told again.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

impl Place {
    /// Goes on with the transaction for as long as there is something to do. Whoever cannot write
    /// counts as dead, and begins anew with what is written.
    pub(super) async fn carry_on(self, mut letters: mpsc::Receiver<Letter>) {
        let mut place = self;
        loop {
            let hub = Arc::clone(&place.hub);
            let (member, transaction) = (Arc::clone(&place.member), place.transaction.clone());
            let Err(error) = place.live(&mut letters).await else { return };
            observe::broken(&hub.name, &transaction, &error);
            sleep(hub.protocol.round() * 4).await;
            // What has come for the dead has not come.
            while letters.try_recv().is_ok() {}
            place = Self { hub, member, transaction };
        }
    }

    async fn live(self, letters: &mut mpsc::Receiver<Letter>) -> Result<(), JournalError> {
        let Some((mut part, effects)) = Part::open(self, letters).await? else { return Ok(()) };
        part.follow(effects, "recovered").await?;
        if let ParticipantPhase::Ended { decision } = *part.core.phase()
            && !part.followed
            && part.applying.is_empty()
        {
            part.apply(decision);
        }
        let mut open = true;
        loop {
            part.work_off(letters, &mut open).await?;
            if !open {
                part.post.empty().await;
                return Ok(());
            }
            // What comes from now on is for the next one.
            letters.close();
        }
    }
}

impl Part {
    /// As it stands in the journal, and what it does first; or new, as the first message says.
    async fn open(
        place: Place,
        letters: &mut mpsc::Receiver<Letter>,
    ) -> Result<Option<(Self, Effects)>, JournalError> {
        let hub = Arc::clone(&place.hub);
        let of = |cast: &Cast| cast.members.iter().position(|name| *name == hub.name);
        let (protocol, now) = (hub.protocol, hub.now());
        if let Some(found) = hub.log.read(&place.transaction).await? {
            let Found { cast, standing, followed, last, .. } = found;
            let Some((members, index)) = Members::first(cast.members.len()).ok().zip(of(&cast))
            else {
                return Ok(None);
            };
            let (core, effects) = Participant::returning(protocol, now, index, members, standing);
            if matches!(core.phase(), ParticipantPhase::Recovering { .. }) {
                observe::waits(&hub.name, &place.transaction, standing);
            }
            return Ok(Some((Self::new(place, cast, core, last, followed), effects)));
        }
        let Ok(Letter::Mail(first)) = letters.try_recv() else { return Ok(None) };
        let cast = Cast { coordinator: first.coordinator.clone(), members: first.members.clone() };
        let Some((members, index)) = Members::first(cast.members.len()).ok().zip(of(&cast)) else {
            return Ok(None);
        };
        let core = Participant::new(protocol, index, members);
        let mut part = Self::new(place, cast, core, Sequence::START, false);
        part.receive(Letter::Mail(first)).await?;
        Ok(Some((part, Effects::new())))
    }

    fn new(place: Place, cast: Cast, core: Participant, last: Sequence, followed: bool) -> Self {
        let (working, applying) = (JoinSet::new(), JoinSet::new());
        let (post, work, forced, contradicted) = (Post::new(), String::new(), None, false);
        Self {
            place,
            cast,
            core,
            last,
            post,
            work,
            working,
            applying,
            followed,
            forced,
            contradicted,
        }
    }

    /// Until there is nothing left to do.
    async fn work_off(
        &mut self,
        letters: &mut mpsc::Receiver<Letter>,
        open: &mut bool,
    ) -> Result<(), JournalError> {
        while *open || !self.rests() {
            if *open && self.rests() && letters.is_empty() && !letters.is_closed() {
                return Ok(());
            }
            let now = self.place.hub.now();
            let pause = self.core.wake_at().map(|at| at.saturating_duration_since(now));
            let wake = async {
                match pause {
                    Some(pause) => sleep(pause).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                biased;
                letter = letters.recv(), if *open => match letter {
                    Some(letter) => self.receive(letter).await?,
                    None => *open = false,
                },
                Some(vote) = self.working.join_next() => {
                    // Nobody knows what a panic has left behind: it is undone.
                    let vote = vote.unwrap_or(Vote::No);
                    self.step(ParticipantInput::Ready(vote), "refused").await?;
                }
                Some(followed) = self.applying.join_next() => {
                    self.has_followed(followed.unwrap_or(Followed::AsTold)).await?;
                }
                () = wake => self.step(ParticipantInput::Woken, "alone").await?,
            }
        }
        Ok(())
    }

    /// Nothing is under way, and nothing would be lost.
    fn rests(&self) -> bool {
        match self.core.phase() {
            ParticipantPhase::Working => self.working.is_empty(),
            ParticipantPhase::Ended { .. } => self.followed && self.applying.is_empty(),
            _ => false,
        }
    }

    async fn receive(&mut self, letter: Letter) -> Result<(), JournalError> {
        let envelope = match letter {
            Letter::Mail(envelope) => envelope,
            Letter::Force(force) => return self.force(force).await,
        };
        let by_coordinator = envelope.from == self.cast.coordinator;
        let from = self.cast.members.iter().position(|name| *name == envelope.from);
        let (input, way) = match (envelope.message, from) {
            (Message::Ask(work), _) if by_coordinator => {
                self.work = work;
                (ParticipantInput::Asked, "told")
            }
            (Message::PreCommit, _) if by_coordinator => (ParticipantInput::PreCommit, "told"),
            (Message::Tell(decision), _) if by_coordinator => {
                (ParticipantInput::Told(decision), "told")
            }
            (Message::Inquire, _) if by_coordinator => {
                (ParticipantInput::Inquired(Party::Coordinator), "alone")
            }
            (Message::Tell(decision), Some(_)) => (ParticipantInput::Told(decision), "alone"),
            (Message::Survey, Some(from)) => (ParticipantInput::Surveyed(from), "alone"),
            (Message::Stand(it), Some(from)) => (ParticipantInput::Stands(from, it), "alone"),
            (Message::CatchUp, Some(from)) => (ParticipantInput::CaughtUp(from), "alone"),
            (Message::Inquire, Some(from)) => {
                (ParticipantInput::Inquired(Party::Participant(from)), "alone")
            }
            (Message::Report(it), Some(from)) => {
                (ParticipantInput::Reported(from, it), "recovered")
            }
            // From somebody who does not take part, or has no say in this.
            _ => return Ok(()),
        };
        self.contradict(input).await?;
        self.step(input, way).await
    }

    async fn step(
        &mut self,
        input: ParticipantInput,
        way: &'static str,
    ) -> Result<(), JournalError> {
        let effects = self.core.step(self.place.hub.now(), input);
        self.follow(effects, way).await
    }

    async fn follow(&mut self, effects: Effects, way: &'static str) -> Result<(), JournalError> {
        let hub = Arc::clone(&self.place.hub);
        let began = hub.now();
        for effect in effects {
            self.carry_out(effect, way).await?;
        }
        // Who has written for so long may have been taken for dead.
        if hub.now().saturating_duration_since(began) > hub.protocol.round() {
            let effects = self.core.step(hub.now(), ParticipantInput::Stopped);
            if effects.contains(&ParticipantEffect::Inquire) {
                observe::waits(&hub.name, &self.place.transaction, self.core.standing());
            }
            Box::pin(self.follow(effects, way)).await?;
        }
        Ok(())
    }

    async fn carry_out(
        &mut self,
        effect: ParticipantEffect,
        way: &'static str,
    ) -> Result<(), JournalError> {
        match effect {
            ParticipantEffect::Work => self.begin_work(),
            ParticipantEffect::Record(standing) => self.record(standing).await?,
            ParticipantEffect::Vote(vote) => self.say(Party::Coordinator, Message::Vote(vote)),
            ParticipantEffect::Acknowledge => self.say(Party::Coordinator, Message::Acknowledge),
            ParticipantEffect::Survey(to) => self.say(Party::Participant(to), Message::Survey),
            ParticipantEffect::Stand(to, standing) => {
                self.say(Party::Participant(to), Message::Stand(standing));
            }
            ParticipantEffect::CatchUp(to) => self.say(Party::Participant(to), Message::CatchUp),
            ParticipantEffect::Tell(to, decision) => {
                self.say(Party::Participant(to), Message::Tell(decision));
            }
            ParticipantEffect::Inquire => self.inquire(),
            ParticipantEffect::Report(to, standing) => self.say(to, Message::Report(standing)),
            ParticipantEffect::Apply(decision) => {
                self.record(Standing::Ended(decision)).await?;
                let way = if self.forced.is_some() { "forced" } else { way };
                observe::ended(&self.place.hub.name, &self.place.transaction, decision, way);
                self.apply(decision);
            }
        }
        Ok(())
    }

    async fn record(&mut self, standing: Standing) -> Result<(), JournalError> {
        let (log, transaction) = (&self.place.hub.log, &self.place.transaction);
        let by = self.forced.as_ref();
        self.last = log.stands(transaction, self.last, &self.cast, standing, by).await?;
        Ok(())
    }

    fn begin_work(&mut self) {
        let Place { hub, member, transaction } = &self.place;
        let (member, transaction) = (Arc::clone(member), transaction.clone());
        let (limit, work) = (hub.protocol.round(), core::mem::take(&mut self.work));
        self.working.spawn(async move {
            let vote = timeout(limit, member.prepare(&transaction, &work)).await;
            vote.ok().and_then(Result::ok).unwrap_or(Vote::No)
        });
    }

    /// Lets the work happen or undoes it, as often as it takes.
    fn apply(&mut self, decision: Decision) {
        let Place { hub, member, transaction } = &self.place;
        let (member, transaction) = (Arc::clone(member), transaction.clone());
        let (mut pause, limit) = (hub.protocol.round(), hub.answer);
        // What is still being done would come after it was undone.
        let mut working = core::mem::take(&mut self.working);
        self.applying.spawn(async move {
            while working.join_next().await.is_some() {}
            loop {
                let (member, transaction) = (Arc::clone(&member), transaction.clone());
                let mut call = JoinSet::new();
                call.spawn(async move {
                    match decision {
                        Decision::Commit => timeout(limit, member.commit(&transaction)).await,
                        Decision::Abort => timeout(limit, member.abort(&transaction)).await,
                    }
                });
                if let Some(Ok(Ok(Ok(followed)))) = call.join_next().await {
                    return followed;
                }
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        });
    }

    async fn has_followed(&mut self, followed: Followed) -> Result<(), JournalError> {
        let Place { hub, transaction, .. } = &self.place;
        self.last = hub.log.followed(transaction, self.last, followed).await?;
        self.followed = true;
        if let (Followed::Against, Standing::Ended(decision)) = (followed, self.core.standing()) {
            observe::heuristic(&hub.name, transaction, decision);
        }
        Ok(())
    }

    async fn force(&mut self, force: Force) -> Result<(), JournalError> {
        let Force { decision, who_and_why, done } = force;
        let standing = self.core.standing();
        let voted = matches!(standing, Standing::Waiting | Standing::PreCommitted);
        if !voted {
            let expected = "a transaction that waits for its end";
            let invalid = Invalid::new("three_phase", "transaction", expected, standing.as_str());
            done.send(Err(invalid.with_advice("there is nothing to decide about it"))).ok();
            return Ok(());
        }
        self.forced = Some(who_and_why);
        self.step(ParticipantInput::Told(decision), "forced").await?;
        // If somebody has ended it the other way, that is to be known.
        self.inquire();
        done.send(Ok(())).ok();
        Ok(())
    }

    /// Somebody has ended the other way, which happens to those who are forced.
    async fn contradict(&mut self, input: ParticipantInput) -> Result<(), JournalError> {
        let heard = match input {
            ParticipantInput::Told(decision)
            | ParticipantInput::Reported(_, Standing::Ended(decision)) => decision,
            _ => return Ok(()),
        };
        let differs = matches!(self.core.standing(), Standing::Ended(own) if own != heard);
        if differs && !core::mem::replace(&mut self.contradicted, true) {
            let Place { hub, transaction, .. } = &self.place;
            observe::heuristic(&hub.name, transaction, heard);
            self.last = hub.log.followed(transaction, self.last, Followed::Against).await?;
        }
        Ok(())
    }

    fn inquire(&mut self) {
        self.say(Party::Coordinator, Message::Inquire);
        let own = self.core.index();
        for other in (0..self.cast.members.len()).filter(|it| *it != own) {
            self.say(Party::Participant(other), Message::Inquire);
        }
    }

    fn say(&mut self, to: Party, message: Message) {
        let Cast { coordinator, members } = self.cast.clone();
        let to = match to {
            Party::Coordinator => Some(&coordinator),
            Party::Participant(index) => members.get(index),
        };
        let Some(to) = to.cloned() else { return };
        let from = self.place.hub.name.clone();
        let transaction = self.place.transaction.clone();
        let envelope = Envelope { transaction, coordinator, members, from, to, message };
        self.post.send(&self.place.hub, envelope);
    }
}

type Effects = alloc::vec::Vec<ParticipantEffect>;
