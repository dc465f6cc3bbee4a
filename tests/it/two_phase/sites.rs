//! Sites, which promise for members that cannot.

use std::collections::BTreeSet;

use super::failures::Flaky;
use super::*;
use crate::metrics::grows;
use crate::policy::events::heard_of;
use reliability::distributed::transaction::two_phase::{Member, Operator, Site, SiteWork};
use reliability::journal::{Append, Event, StreamId};

const GRACE: Duration = Duration::from_secs(60);

/// What is set aside and what is done, which outlives the process.
#[derive(Debug, Clone, Default)]
struct Shelf(Arc<Mutex<On>>);

#[derive(Debug, Default)]
struct On {
    aside: BTreeSet<TransactionId>,
    done: BTreeSet<TransactionId>,
    calls: Vec<&'static str>,
    /// How many calls it does not answer, after it has done what they ask for.
    lost: u32,
    slow: Duration,
}

impl Shelf {
    fn lock(&self) -> std::sync::MutexGuard<'_, On> {
        self.0.lock().unwrap()
    }

    async fn call(&self, what: &'static str, act: impl FnOnce(&mut On)) -> Result<(), Unreachable> {
        let slow = self.lock().slow;
        tokio::time::sleep(slow).await;
        let on = &mut *self.lock();
        on.calls.push(what);
        act(on);
        match on.lost.checked_sub(1) {
            Some(left) => {
                on.lost = left;
                Err(Unreachable::new("shelf", "the line is cut"))
            }
            None => Ok(()),
        }
    }
}

impl Member for Shelf {
    type Work = Wants;

    async fn prepare(&self, id: &TransactionId, work: &Wants) -> Result<Vote, Unreachable> {
        self.call("prepare", |on| on.aside.extend([id.clone()])).await?;
        Ok(match work {
            Wants::Yes => Vote::Yes,
            Wants::No => Vote::No,
            Wants::ReadOnly => {
                self.lock().aside.remove(id);
                Vote::ReadOnly
            }
        })
    }

    async fn commit(&self, id: &TransactionId, _: &Wants) -> Result<(), Unreachable> {
        self.call("commit", |on| {
            if on.aside.remove(id) {
                on.done.insert(id.clone());
            }
        })
        .await
    }

    async fn abort(&self, id: &TransactionId, _: &Wants) -> Result<(), Unreachable> {
        self.call("abort", |on| on.aside.retain(|it| it != id)).await
    }
}

/// How it is to vote.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
enum Wants {
    Yes,
    No,
    ReadOnly,
}

/// A coordinator and a site on one journal, whose clock is by hand.
struct World {
    journal: Journal,
    clock: WallClock,
    shelf: Shelf,
}

impl World {
    fn new() -> Self {
        let clock = WallClock::manual(SystemTime::now());
        let journal = Journal::on(MemoryStore::with_clock(&clock));
        Self { journal, clock, shelf: Shelf::default() }
    }

    /// As a process has it that has just been started.
    fn start(&self) -> (TwoPhase, Site<Shelf>) {
        let site = Site::on(&self.journal, "stock", self.shelf.clone()).unwrap().clock(&self.clock);
        let coordinator = TwoPhase::builder(&self.journal).resource(Arc::new(site.clone()));
        (coordinator.build().unwrap(), site)
    }

    async fn statuses(&self) -> Vec<String> {
        let heads = self.journal.heads(Heads::of("two_phase.stock")).await.unwrap();
        heads.into_iter().map(|head| head.status).collect()
    }

    /// What it has done, and what is set aside.
    fn on(&self) -> (Vec<String>, Vec<String>) {
        let on = self.shelf.lock();
        let names = |all: &BTreeSet<TransactionId>| all.iter().map(ToString::to_string).collect();
        (names(&on.done), names(&on.aside))
    }
}

fn names(all: &[&str]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}

/// Begins one of that name, for which a site has promised. (No function: it stays in its scope.)
macro_rules! promised {
    (let $order:ident = $coordinator:expr, $name:expr, $site:expr) => {
        two_phase::begin!(let $order = $coordinator, id($name), ($site.work(Wants::Yes),));
        let vote = $order.ask::<0>().await.unwrap();
        let $order = $order.all_voted((vote,));
    };
}

async fn ask(work: &SiteWork<Shelf>, transaction: &str) -> Result<Vote, Unreachable> {
    work.prepare(&id(transaction)).await
}

#[tokio::test(start_paused = true)]
async fn what_it_promises_is_written_before_it_votes_and_what_it_does_before_it_says_so() {
    let world = World::new();
    let (coordinator, site) = world.start();
    promised!(let order = coordinator, "1", site);
    assert_eq!(
        (world.statuses().await, world.on()),
        (names(&["promised"]), (names(&[]), names(&["1"])))
    );
    let outcome = order.commit().log().await.unwrap().deliver().await;
    assert!(outcome.is_complete());
    assert_eq!(
        (world.statuses().await, world.on()),
        (names(&["committed"]), (names(&["1"]), names(&[])))
    );
    // Somebody who has not heard of it tells it once more, until nobody does.
    assert_eq!(site.commit(&id("1")).await.unwrap(), Followed::AsTold);
    world.clock.advance(Duration::from_secs(24 * 3600));
    assert_eq!(coordinator.recover().await.unwrap().forgotten, 1);
    assert!(world.statuses().await.is_empty());
    assert_eq!(world.shelf.lock().calls, ["prepare", "commit"]);
}

#[tokio::test(start_paused = true)]
async fn a_vote_that_is_no_promise_leaves_nothing() {
    let world = World::new();
    let (coordinator, site) = world.start();
    let run = |name: &str, work| {
        let parts: Vec<Arc<dyn Participant>> = vec![Arc::new(site.work(work))];
        coordinator.run(id(name), parts)
    };
    assert!(run("1", Wants::ReadOnly).await.unwrap().is_complete());
    let refused = run("2", Wants::No).await.unwrap_err();
    assert!(matches!(refused, TwoPhaseError::Refused { .. }), "{refused}");
    assert_eq!((world.statuses().await, world.on()), (names(&[]), (names(&[]), names(&[]))));
    assert_eq!(world.shelf.lock().calls, ["prepare", "prepare", "abort"]);
    // It was never asked for that one.
    assert_eq!(site.abort(&id("3")).await.unwrap(), Followed::AsTold);
    assert_eq!(site.commit(&id("3")).await.unwrap(), Followed::Against);
}

#[tokio::test(start_paused = true)]
async fn who_asks_again_hears_the_same_and_a_second_part_of_one_transaction_hears_no_vote() {
    let world = World::new();
    let (_, site) = world.start();
    let (part, other) = (site.work(Wants::Yes), site.work(Wants::Yes));
    assert_eq!(ask(&part, "1").await.unwrap(), Vote::Yes);
    assert_eq!(ask(&part, "1").await.unwrap(), Vote::Yes);
    assert_eq!(world.shelf.lock().calls, ["prepare"]);
    let twice = ask(&other, "1").await.unwrap_err();
    assert!(twice.to_string().contains("give each part a site of its own"), "{twice}");
    assert_eq!(world.statuses().await, ["promised"], "of the first one");
    site.commit(&id("1")).await.unwrap();
    let over = ask(&part, "1").await.unwrap_err();
    assert!(over.to_string().contains("has committed this already"), "{over}");
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_asking_and_tells_it_to_abort_finds_nothing_set_aside() {
    let world = World::new();
    let (_, site) = world.start();
    let part = site.work(Wants::Yes);
    world.shelf.lock().slow = Duration::from_secs(5);
    let late = tokio::time::timeout(Duration::from_secs(1), ask(&part, "1")).await;
    assert!(late.is_err());
    assert_eq!(world.statuses().await, ["working"]);
    // One who is told while another one asks waits for it.
    let (vote, followed) = tokio::join!(ask(&part, "1"), part.abort(&id("1")));
    assert_eq!((vote.unwrap(), followed.unwrap()), (Vote::Yes, Followed::AsTold));
    assert_eq!(world.shelf.lock().calls, ["prepare", "abort"]);
    assert_eq!((world.statuses().await, world.on()), (names(&[]), (names(&[]), names(&[]))));
}

#[tokio::test(start_paused = true)]
async fn after_a_crash_it_does_what_the_log_says_and_aborts_what_it_does_not_know() {
    let world = World::new();
    {
        let (coordinator, site) = world.start();
        promised!(let first = coordinator, "1", site);
        drop(first.commit().log().await.unwrap());
        promised!(let _second = coordinator, "2", site);
        // One that dies when it has prepared, and has not promised.
        world.shelf.lock().lost = 1;
        ask(&site.work(Wants::Yes), "3").await.unwrap_err();
    }
    assert_eq!(world.on().1, ["1", "2", "3"]);
    let (log, site) = world.start();
    assert_eq!(site.recover(&log).await.unwrap().committed, 0, "somebody may be at work");
    let mut doubts = site.in_doubt(Duration::ZERO).await.unwrap();
    doubts.sort();
    assert_eq!(doubts, ["1", "2", "3"].map(id));
    world.clock.advance(GRACE);
    let recovered = site.recover(&log).await.unwrap();
    assert_eq!((recovered.committed, recovered.aborted, recovered.delivered), (1, 2, 0));
    assert_eq!(
        (world.statuses().await, world.on()),
        (names(&["committed"]), (names(&["1"]), names(&[])))
    );
    assert_eq!(site.recover(&log).await.unwrap(), two_phase::Recovered::default());
}

#[tokio::test(start_paused = true)]
async fn a_member_that_is_out_of_reach_is_told_until_it_answers() {
    let world = World::new();
    let (coordinator, site) = world.start();
    promised!(let order = coordinator, "1", site);
    let logged = order.commit().log().await.unwrap();
    world.shelf.lock().lost = 3;
    assert!(logged.deliver().await.is_complete());
    assert_eq!(world.shelf.lock().calls, ["prepare", "commit", "commit", "commit", "commit"]);
    assert_eq!(world.on().0, ["1"]);
}

/// One promise, which an operator ends, and then the log.
async fn forces(forced: Decision, logged: Decision) -> (World, Site<Shelf>, Vec<String>) {
    let world = World::new();
    let (coordinator, site) = world.start();
    promised!(let order = coordinator, "1", site);
    // It has done it, and nobody has heard so; and is told a second time.
    world.shelf.lock().lost = 1;
    let lost = site.force(&id("1"), forced, "ada", "the log is lost").await.unwrap_err();
    assert!(matches!(lost, TwoPhaseError::Unreachable(_)), "{lost}");
    site.force(&id("1"), forced, "ada", "the log is lost").await.unwrap();
    assert_eq!(world.statuses().await, ["forced"]);
    let other = match forced {
        Decision::Commit => Decision::Abort,
        Decision::Abort => Decision::Commit,
    };
    site.force(&id("1"), other, "bob", "no, the other way").await.unwrap_err();
    let outcome = match logged {
        Decision::Commit => order.commit().log().await.unwrap().deliver().await,
        Decision::Abort => order.abort().deliver().await,
    };
    (world, site, outcome.against)
}

#[tokio::test(start_paused = true)]
async fn what_an_operator_has_forced_is_over_when_the_log_says_the_same() {
    let (world, _, against) = forces(Decision::Commit, Decision::Commit).await;
    assert_eq!((against, world.statuses().await), (names(&[]), names(&["committed"])));
    assert_eq!(world.on().0, ["1"]);
    let (world, _, against) = forces(Decision::Abort, Decision::Abort).await;
    assert_eq!((against, world.statuses().await), (names(&[]), names(&[])));
    assert_eq!(world.on(), (names(&[]), names(&[])));
}

#[tokio::test(start_paused = true)]
async fn what_an_operator_has_forced_against_the_log_is_told_and_stays_until_it_is_mended() {
    for (forced, logged) in
        [(Decision::Commit, Decision::Abort), (Decision::Abort, Decision::Commit)]
    {
        let (world, site, against) = forces(forced, logged).await;
        assert_eq!((against, world.statuses().await), (names(&["stock"]), names(&["heuristic"])));
        let done = if forced == Decision::Commit { names(&["1"]) } else { names(&[]) };
        assert_eq!(world.on(), (done, names(&[])), "nothing is turned over");
        assert_eq!(site.heuristic().await.unwrap(), [id("1")]);
        world.clock.advance(GRACE);
        site.recover(&world.start().0).await.unwrap();
        assert_eq!(world.statuses().await, ["heuristic"]);
        site.forget(&id("1")).await.unwrap();
        assert!(site.heuristic().await.unwrap().is_empty());
    }
}

/// Nobody tells it any more: it is asked about, as what is in doubt.
async fn force_against_a_log_that_nobody_carries_on() {
    let world = World::new();
    let (log, site) = world.start();
    ask(&site.work(Wants::Yes), "1").await.unwrap();
    site.force(&id("1"), Decision::Commit, "ada", "it must go on").await.unwrap();
    world.clock.advance(GRACE);
    assert_eq!(log.recover().await.unwrap().aborted, 1);
    assert_eq!(world.statuses().await, ["heuristic"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_forced_against_a_log_that_nobody_carries_on_is_found_by_recovery() {
    let heard = heard_of(force_against_a_log_that_nobody_carries_on).await;
    let of = |name: &str| heard.iter().find(|(event, _)| event.name() == name).unwrap().1.clone();
    let heuristic = of("reliability.two_phase.heuristic");
    assert_eq!(heuristic["reliability.two_phase.participants"], "stock");
    assert_eq!(of("reliability.two_phase.mended")["reliability.two_phase.verb"], "force");
}

#[tokio::test(start_paused = true)]
async fn an_operator_forces_what_is_in_doubt_and_nothing_else() {
    let world = World::new();
    let (_, site) = world.start();
    let force = async |name: &str, why: &str| {
        site.force(&id(name), Decision::Abort, "ada", why).await.map_err(|error| error.to_string())
    };
    assert!(force("1", "lost").await.unwrap_err().contains("in doubt about"));
    ask(&site.work(Wants::Yes), "1").await.unwrap();
    assert!(force("1", " ").await.unwrap_err().contains("`why`"));
    let in_doubt = Operator::on(&world.journal).in_doubt("stock").await.unwrap();
    assert_eq!(in_doubt, [id("1")]);
    site.forget(&id("1")).await.unwrap();
    assert_eq!(world.statuses().await, ["promised"], "what is not over is not forgotten");
    site.commit(&id("1")).await.unwrap();
    assert!(force("1", "lost").await.unwrap_err().contains("in doubt about"));
    assert!(Operator::on(&world.journal).in_doubt("stock").await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn without_its_journal_it_gives_no_vote_and_prepares_nothing() {
    let shelf = Shelf::default();
    let site = Site::on(&Journal::on(Flaky::new(0, 1)), "stock", shelf.clone()).unwrap();
    ask(&site.work(Wants::Yes), "1").await.unwrap_err();
    assert!(shelf.lock().calls.is_empty());
    // It does not know whether that is written, so it does not vote; and finds out when it is told.
    let site = Site::on(&Journal::on(Flaky::new(1, 0)), "stock", shelf.clone()).unwrap();
    ask(&site.work(Wants::Yes), "1").await.unwrap_err();
    assert_eq!(site.abort(&id("1")).await.unwrap(), Followed::AsTold);
    assert_eq!(shelf.lock().calls, ["abort"]);
    assert!(site.in_doubt(Duration::ZERO).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_said() {
    let world = World::new();
    let (_, site) = world.start();
    let stream = StreamId::new("two_phase.stock", "1").unwrap();
    let other = Event::json("Prepares", 1, &(7, "the work of another program")).unwrap();
    world.journal.append(Append::to(&stream).event(other).status("working")).await.unwrap();
    let told = site.abort(&id("1")).await.unwrap_err();
    assert!(told.to_string().contains("which this program cannot read"), "{told}");
    for name in ["", "No Name", &"x".repeat(55)] {
        let refused = Site::on(&world.journal, name, Shelf::default()).unwrap_err();
        assert!(refused.to_string().contains("1 to 54"), "{refused}");
    }
    Site::on(&world.journal, &"x".repeat(54), Shelf::default()).unwrap();
}

#[tokio::test(start_paused = true)]
async fn how_sites_have_ended_is_told_in_numbers() {
    let way = |way| Some(("reliability.two_phase.way", way));
    let name = "reliability.two_phase.followed";
    let all = [(name, way("told"), 2.0), (name, way("refused"), 1.0), (name, way("forced"), 1.0)];
    let site_does_all = async {
        let world = World::new();
        let (_, site) = world.start();
        for (name, work) in
            [("1", Wants::Yes), ("2", Wants::Yes), ("3", Wants::No), ("4", Wants::Yes)]
        {
            ask(&site.work(work), name).await.unwrap();
        }
        site.commit(&id("1")).await.unwrap();
        site.abort(&id("2")).await.unwrap();
        site.force(&id("4"), Decision::Commit, "ada", "it must go on").await.unwrap();
        assert_eq!(world.on().0, ["1", "4"]);
    };
    grows(&all, site_does_all).await;
}

#[tokio::test(start_paused = true)]
async fn who_takes_a_name_again_ends_nothing_of_who_had_it_first() {
    let world = World::new();
    let (coordinator, site) = world.start();
    promised!(let first = coordinator, "1", site);
    let again = coordinator.run(id("1"), vec![Arc::new(site.work(Wants::Yes))]).await.unwrap_err();
    assert!(matches!(again, TwoPhaseError::NoVote { .. }), "{again:?}");
    assert_eq!((world.statuses().await, world.on().1), (names(&["promised"]), names(&["1"])));
    assert!(first.commit().log().await.unwrap().deliver().await.is_complete());
    assert_eq!(world.on(), (names(&["1"]), names(&[])));
}

#[tokio::test(start_paused = true)]
async fn a_promise_that_was_written_by_a_call_that_was_given_up_counts() {
    let world = World::new();
    let (_, site) = world.start();
    let part = site.work(Wants::Yes);
    world.shelf.lock().slow = Duration::from_secs(2);
    let given_up = tokio::time::timeout(Duration::from_secs(1), ask(&part, "1")).await;
    assert!(given_up.is_err());
    // What it had sent comes up while it is asked again.
    let late = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let promised = Event::json("Promised", 1, &()).unwrap();
        let stream = StreamId::new("two_phase.stock", "1").unwrap();
        let last = world.journal.head(&stream).await.unwrap().unwrap().sequence;
        let append = Append::to(&stream).after(last).event(promised).status("promised");
        world.journal.append(append).await.unwrap();
    };
    let (vote, ()) = tokio::join!(ask(&part, "1"), late);
    assert_eq!(vote.unwrap(), Vote::Yes);
    assert_eq!((world.statuses().await, world.on().1), (names(&["promised"]), names(&["1"])));
    assert_eq!(part.commit(&id("1")).await.unwrap(), Followed::AsTold);
    assert_eq!(world.on(), (names(&["1"]), names(&[])));
}

#[tokio::test(start_paused = true)]
async fn what_is_set_aside_after_all_was_over_is_given_back_by_who_has_asked() {
    let world = World::new();
    let (_, site) = world.start();
    let part = site.work(Wants::Yes);
    assert_eq!(ask(&part, "1").await.unwrap(), Vote::Yes);
    assert_eq!(site.abort(&id("1")).await.unwrap(), Followed::AsTold);
    // As if its `prepare` had slept until then.
    world.shelf.lock().aside.insert(id("1"));
    assert_eq!(part.abort(&id("1")).await.unwrap(), Followed::AsTold);
    assert_eq!((world.statuses().await, world.on()), (names(&[]), (names(&[]), names(&[]))));
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_and_has_not_promised_can_be_aborted_by_force_and_nothing_else() {
    let world = World::new();
    let (_, site) = world.start();
    world.shelf.lock().slow = Duration::from_secs(2);
    let part = site.work(Wants::Yes);
    assert!(tokio::time::timeout(Duration::from_secs(1), ask(&part, "1")).await.is_err());
    site.force(&id("1"), Decision::Commit, "ada", "hurry").await.unwrap_err();
    assert_eq!(world.statuses().await, ["working"]);
    site.force(&id("1"), Decision::Abort, "ada", "the log is lost").await.unwrap();
    assert_eq!(world.statuses().await, ["forced"]);
    assert_eq!(site.abort(&id("1")).await.unwrap(), Followed::AsTold);
    assert!(world.statuses().await.is_empty());
}

/// Weighs, and has nothing against any number.
struct Scale;

impl Member for Scale {
    type Work = f64;

    async fn prepare(&self, _: &TransactionId, _: &f64) -> Result<Vote, Unreachable> {
        Ok(Vote::Yes)
    }

    async fn commit(&self, _: &TransactionId, _: &f64) -> Result<(), Unreachable> {
        Ok(())
    }

    async fn abort(&self, _: &TransactionId, _: &f64) -> Result<(), Unreachable> {
        Ok(())
    }
}

#[tokio::test]
async fn a_work_that_nobody_could_read_again_is_refused_and_nothing_is_written() {
    let journal = Journal::in_memory();
    let site = Site::on(&journal, "scale", Scale).unwrap();
    // JSON has no such number.
    let refused = site.work(f64::NAN).prepare(&id("1")).await.unwrap_err();
    assert!(format!("{refused:?}").contains("cannot read"), "{refused:?}");
    assert!(journal.heads(Heads::all()).await.unwrap().is_empty());
    assert_eq!(site.work(2.5).prepare(&id("1")).await.unwrap(), Vote::Yes);
}

#[tokio::test(start_paused = true)]
async fn a_promise_of_a_clock_that_was_years_ahead_is_recovered_all_the_same() {
    let world = World::new();
    let (coordinator, site) = world.start();
    let year = Duration::from_secs(365 * 24 * 3_600);
    world.clock.set(world.clock.now() + year);
    assert_eq!(ask(&site.work(Wants::Yes), "1").await.unwrap(), Vote::Yes);
    world.clock.set(world.clock.now() - year);
    assert_eq!(coordinator.recover().await.unwrap().aborted, 1);
    assert_eq!((world.statuses().await, world.on()), (names(&[]), (names(&[]), names(&[]))));
}
