//! Each of them is killed before anything that happens, alone and with others.

use super::*;

/// Those who die together, by their index.
const VICTIMS: [&[usize]; 9] = [
    &[COORDINATOR],
    &[0],
    &[2],
    &[COORDINATOR, 0],
    &[COORDINATOR, 1],
    &[COORDINATOR, 0, 1],
    &[0, 1],
    &[0, 1, 2],
    &[COORDINATOR, 0, 1, 2],
];

/// More than what happens in a transaction: three asks, pieces of work, votes, and so on.
const MOST: usize = 40;

fn agree(done: &[Option<Decision>]) -> bool {
    !(done.contains(&Some(Decision::Commit)) && done.contains(&Some(Decision::Abort)))
}

async fn dies(at: usize, victims: &[usize]) -> Option<[Option<Decision>; 3]> {
    let play = Play::new();
    play.world().dies = Some((at, victims.to_vec()));
    let ended = play.run(["yes"; 3]).await;
    // Each has its turn, and time to hear of those before it.
    rounds(60).await;
    if play.world().happened < at {
        return None;
    }
    let what = format!("{victims:?} die before the {at}th thing, {ended:?}");
    let done = play.done();
    assert!(agree(&done), "{what}: {done:?}");
    for site in play.alive() {
        let waits = !play.shelves[site].kept.lock().unwrap().promised.is_empty();
        assert!(!waits, "{what}: {site} lives and waits, {done:?}");
    }
    victims.iter().for_each(|victim| play.start(*victim));
    rounds(100).await;
    let done = play.done();
    let promised: Vec<usize> =
        play.shelves.iter().map(|shelf| shelf.kept.lock().unwrap().promised.len()).collect();
    assert!(agree(&done) && promised == [0; 3], "{what}: {done:?}, {promised:?} wait");
    match ended {
        Some(Ok(outcome)) => {
            assert_eq!(outcome.decision, Decision::Commit);
            assert_eq!(done, [Some(Decision::Commit); 3], "{what}");
        }
        Some(Err(ThreePhaseError::NoVote { .. } | ThreePhaseError::Late { .. })) => {
            assert!(!done.contains(&Some(Decision::Commit)), "{what}: {done:?}");
        }
        Some(Err(ThreePhaseError::Undecided { .. })) | None => {}
        Some(Err(other)) => panic!("{what}: {other}"),
    }
    Some(done)
}

#[tokio::test(start_paused = true)]
async fn whoever_is_killed_when_all_do_the_same_and_nobody_waits() {
    let mut ways = BTreeMap::new();
    for victims in VICTIMS {
        for at in 1..MOST {
            let Some(done) = dies(at, victims).await else { break };
            *ways.entry(done.contains(&Some(Decision::Commit))).or_insert(0) += 1;
        }
    }
    // Both must have been tried out: it committed without them, and it did not.
    println!("committed and not: {ways:?}");
    assert!(ways[&true] > 30 && ways[&false] > 30, "{ways:?}");
}

#[tokio::test(start_paused = true)]
async fn who_was_dead_learns_how_it_has_ended_also_from_a_coordinator_that_was_dead() {
    let play = Play::new();
    // It dies when it has acknowledged, before it hears the decision.
    let run = tokio::spawn({
        let coordinator = play.world().coordinator.clone().unwrap();
        async move { coordinator.run(id(), NAMES.map(|name| (name, "yes"))).await }
    });
    while play.standing(1).await != Some(Standing::PreCommitted) {
        tokio::task::yield_now().await;
    }
    play.kill(1);
    assert!(run.await.unwrap().is_ok());
    [0, 2, COORDINATOR].into_iter().for_each(|who| play.kill(who));
    play.start(1);
    rounds(50).await;
    let waiting = async || play.at(1, async |site| site.waiting().await.unwrap()).await;
    assert_eq!(waiting().await, [id()], "the others may have done either");
    play.start(COORDINATOR);
    rounds(20).await;
    assert_eq!(play.done()[1], Some(Decision::Commit));
    assert_eq!(waiting().await, []);
}
