//! What may have happened is asked for before it is repeated.

use std::sync::{Arc, Mutex};

use reliability::distributed::transaction::choreography::{
    ChoreographedBuilder, End, Why, choreography, participant,
};
use reliability::distributed::transaction::saga::{Cx, Outcome, Transient, saga};

use super::world::World;

#[saga(input = u32, refuse = String, choreographed)]
enum Pay {
    #[pivot]
    Charged(String),
}

/// A bank that knows no ids of effects, and whose answers get lost.
#[derive(Clone, Default)]
struct Bank(Arc<Mutex<Knows>>);

#[derive(Default)]
struct Knows {
    charged: bool,
    calls: Vec<&'static str>,
    /// The first charge does not reach it.
    is_far: bool,
    /// It does not say what it knows.
    is_silent: bool,
}

impl Bank {
    fn calls(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().calls.clone()
    }
}

#[participant(Pay)]
impl Bank {
    #[on(start => Charged, probe = find, retry = 1_000, backoff = constant("10ms"))]
    async fn charge(&self, _: &Cx, _: &u32) -> Result<String, Outcome<String>> {
        let mut knows = self.0.lock().unwrap();
        let is_first = !knows.calls.contains(&"charge");
        knows.calls.push("charge");
        knows.charged |= !(is_first && knows.is_far);
        match is_first {
            true => Err(Outcome::unknown("the answer was lost")),
            false => Ok("charged".into()),
        }
    }

    async fn find(&self, _: &Cx, _: &u32) -> Result<Option<String>, Transient> {
        let mut knows = self.0.lock().unwrap();
        if knows.is_silent {
            return Err(Transient::new("it does not answer"));
        }
        knows.calls.push("find");
        Ok(knows.charged.then(|| "found".into()))
    }
}

choreography!(Payments: Pay { Bank, terminal Charged });

fn payments(world: &World, bank: &Bank) -> ChoreographedBuilder<Payments> {
    Payments::on(&world.bank, world.bus.clone(), (bank.clone(),)).clock(&world.clock)
}

#[tokio::test(start_paused = true)]
async fn what_the_probe_finds_is_not_done_again() {
    let (world, bank) = (World::new(), Bank::default());
    let payments = payments(&world, &bank).start().await.unwrap();
    let payment = payments.start("payment-1", 3).await.unwrap();
    let End::Completed(done) = world.end_of(payment.ended()).await.unwrap() else {
        panic!("it is")
    };
    assert_eq!((done.charged.as_str(), bank.calls()), ("found", vec!["charge", "find"]));
    payments.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_the_probe_does_not_find_is_done_once_more() {
    let (world, bank) = (World::new(), Bank::default());
    bank.0.lock().unwrap().is_far = true;
    let payments = payments(&world, &bank).start().await.unwrap();
    let payment = payments.start("payment-1", 3).await.unwrap();
    let End::Completed(done) = world.end_of(payment.ended()).await.unwrap() else {
        panic!("it is")
    };
    let calls = vec!["charge", "find", "charge"];
    assert_eq!((done.charged.as_str(), bank.calls()), ("charged", calls));
    payments.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_pivot_that_is_called_off_and_not_found_never_happens() {
    for is_far in [true, false] {
        let (world, bank) = (World::new(), Bank::default());
        (bank.0.lock().unwrap().is_far, bank.0.lock().unwrap().is_silent) = (is_far, true);
        let payments = payments(&world, &bank).start().await.unwrap();
        let payment = payments.start("payment-1", 3).await.unwrap();
        while bank.calls().is_empty() {
            world.tick().await;
        }
        payment.cancel("the customer has changed her mind").await.unwrap();
        world.until(&world.bank, "pay.bank", "undoing").await;
        bank.0.lock().unwrap().is_silent = false;
        match world.end_of(payment.ended()).await.unwrap() {
            End::RolledBack(Why::Cancelled { .. }) => assert!(is_far, "it was charged"),
            End::Completed(done) => assert_eq!((done.charged.as_str(), is_far), ("found", false)),
            _ => panic!("nobody has refused"),
        }
        assert_eq!(bank.calls(), ["charge", "find"]);
        payments.stop().await;
    }
}

/// The worker dies in the middle of the charge; who comes next finds that it was begun.
#[tokio::test(start_paused = true)]
async fn who_comes_after_a_crash_asks_the_probe_first() {
    let (world, bank) = (World::new(), Bank::default());
    bank.0.lock().unwrap().is_silent = true;
    let first = payments(&world, &bank).start().await.unwrap();
    first.start("payment-1", 3).await.unwrap();
    while bank.calls().is_empty() {
        world.tick().await;
    }
    drop(first);
    bank.0.lock().unwrap().is_silent = false;
    let second = payments(&world, &bank).start().await.unwrap();
    let payment = second.find("payment-1").await.unwrap().unwrap();
    let End::Completed(done) = world.end_of(payment.ended()).await.unwrap() else {
        panic!("it is")
    };
    assert_eq!((done.charged.as_str(), bank.calls()), ("found", vec!["charge", "find"]));
    second.stop().await;
}
