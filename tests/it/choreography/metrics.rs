//! What choreographies tell in numbers.

use reliability::distributed::transaction::choreography::bus::{
    Answer, Bus, Envelope, EventId, Group, JournalBus, Subscription,
};
use reliability::distributed::transaction::choreography::{End, choreography, participant};
use reliability::distributed::transaction::saga::{Attempt, Cx, Outcome, Transient, saga};

use super::world::World;
use crate::metrics::{as_the_chapter_says, grows, sum};

#[saga(name = "metered_meal", input = u32, refuse = String, choreographed)]
#[derive(Debug)]
enum Meal {
    #[step]
    Greeted(u32),
    #[pivot]
    Seated(String),
}

/// Whose first words of farewell nobody hears.
struct MeteredHost;

#[participant(Meal)]
impl MeteredHost {
    #[on(start => Greeted, undo = see_off)]
    async fn greet(&self, _: &Cx, guests: &u32) -> Result<u32, Outcome<String>> {
        Ok(*guests)
    }

    async fn see_off(&self, cx: &Cx, _: &u32, _: Attempt<'_, u32>) -> Result<(), Transient> {
        if cx.attempt() == 1 { Err(Transient::new("it is loud here")) } else { Ok(()) }
    }
}

const NOBODY: u32 = 0;
const TOO_MANY: u32 = 100;
const UNHEARD: u32 = 2;

struct MeteredWaiter;

#[participant(Meal)]
impl MeteredWaiter {
    #[on(Greeted => Seated, probe = look, retry = 2)]
    async fn seat(&self, cx: &Cx, guests: &u32, _: &u32) -> Result<String, Outcome<String>> {
        match (*guests, cx.attempt()) {
            (NOBODY, _) => Err(Outcome::Rejected("there is nobody".into())),
            (TOO_MANY, _) => Err(Outcome::transient("there are no tables left")),
            (UNHEARD, 1) => Err(Outcome::unknown("the waiter has not said")),
            _ => Ok("the one by the window".into()),
        }
    }

    async fn look(&self, _: &Cx, _: &u32, _: &u32) -> Result<Option<String>, Transient> {
        Ok(None)
    }
}

choreography!(Meals: Meal { MeteredHost, MeteredWaiter, terminal Seated });

/// Tells everything twice, the second time under another id.
#[derive(Debug, Clone)]
struct Twice(JournalBus);

impl Bus for Twice {
    fn publish(&self, envelope: Envelope) -> Answer<'_, ()> {
        Box::pin(async move {
            let again = EventId::new(&format!("{}-again", envelope.id().as_str()))?;
            self.0.publish(envelope.clone()).await?;
            self.0.publish(envelope.with_id(again)).await
        })
    }
    fn declare(&self, group: Group) -> Answer<'_, ()> {
        self.0.declare(group)
    }
    fn subscribe(&self, group: Group) -> Answer<'_, Box<dyn Subscription>> {
        self.0.subscribe(group)
    }
    fn remove(&self, group: Group) -> Answer<'_, ()> {
        self.0.remove(group)
    }
}

/// Two meals, one that is refused, and one that waits for somebody.
async fn meals(bus: impl Bus + Clone, world: &World) {
    let meals = Meals::on(&world.shop, bus, (MeteredHost, MeteredWaiter)).clock(&world.clock);
    let meals = meals.start().await.unwrap();
    for guests in [1, UNHEARD, NOBODY] {
        let meal = meals.start(&guests.to_string(), guests).await.unwrap();
        let end = world.end_of(meal.ended()).await.unwrap();
        assert_eq!(matches!(end, End::Completed(_)), guests != NOBODY, "{end:?}");
    }
    meals.start("many", TOO_MANY).await.unwrap();
    world.until(&world.shop, "metered_meal.metered_waiter", "parked").await;
    // What was told comes to all.
    for _ in 0..500 {
        world.tick().await;
    }
    meals.stop().await;
}

const PARTICIPANT: &str = "reliability.choreography.participant";
const EVENT: &str = "reliability.choreography.event";
const HANDLER: &str = "reliability.choreography.handler";

/// What a metric says of a participant, and of what else is asked for. Nobody else has its name.
fn of(metric: &str, participant: &str, having: &[(&str, &str)]) -> f64 {
    sum(metric, &[&[(PARTICIPANT, participant)], having].concat())
}

fn attempts(participant: &str) -> Vec<(&'static str, &'static str, &'static str, f64)> {
    let mut told = Vec::new();
    for handler in ["Greeted", "Seated"] {
        for action in ["do", "probe", "undo"] {
            for outcome in ["done", "refused", "not_found", "failed"] {
                let having = [
                    (HANDLER, handler),
                    ("reliability.choreography.action", action),
                    ("reliability.outcome", outcome),
                ];
                let metric = "reliability.choreography.attempt.duration";
                let count = of(metric, participant, &having);
                if count > 0.0 {
                    told.push((handler, action, outcome, count));
                }
            }
        }
    }
    told
}

#[tokio::test(start_paused = true)]
async fn transactions_are_told_by_their_events_and_attempts_by_how_they_have_ended() {
    let (host, waiter) = ("metered_host", "metered_waiter");
    let world = World::new();
    let started = ("reliability.choreography.started", None, 4.0);
    grows(&[started], meals(world.bus.clone(), &world)).await;

    assert_eq!(
        attempts(host),
        [
            ("Greeted", "do", "done", 4.0),
            ("Greeted", "undo", "done", 1.0),
            ("Greeted", "undo", "failed", 1.0)
        ],
    );
    assert_eq!(
        attempts(waiter),
        [
            ("Seated", "do", "done", 2.0),
            ("Seated", "do", "refused", 1.0),
            ("Seated", "do", "failed", 3.0),
            ("Seated", "probe", "not_found", 1.0),
        ],
    );
    let duration = "reliability.choreography.attempt.duration";
    assert_eq!([of(duration, host, &[]), of(duration, waiter, &[])], [6.0, 7.0]);
    for (metric, participant, event, count) in [
        ("reliability.choreography.heard", host, "choreography.started", 4.0),
        ("reliability.choreography.heard", host, "choreography.refused", 1.0),
        ("reliability.choreography.heard", host, "Seated", 2.0),
        ("reliability.choreography.heard", waiter, "choreography.started", 4.0),
        ("reliability.choreography.heard", waiter, "Greeted", 4.0),
        ("reliability.choreography.told", host, "Greeted", 4.0),
        ("reliability.choreography.told", host, "choreography.undone", 1.0),
        ("reliability.choreography.told", waiter, "Seated", 2.0),
        ("reliability.choreography.told", waiter, "choreography.refused", 1.0),
    ] {
        assert_eq!(of(metric, participant, &[(EVENT, event)]), count, "{metric} {event}");
    }
    for (metric, [of_host, of_waiter]) in [("heard", [7.0, 8.0]), ("told", [5.0, 3.0])] {
        let metric = format!("reliability.choreography.{metric}");
        assert_eq!([of(&metric, host, &[]), of(&metric, waiter, &[])], [of_host, of_waiter]);
    }
    let parked = "reliability.choreography.parked";
    assert_eq!(of(parked, waiter, &[(HANDLER, "Seated")]), 1.0);
    assert_eq!([of(parked, host, &[]), of(parked, waiter, &[])], [0.0, 1.0]);

    as_the_chapter_says("choreography", "reliability.choreography.");

    // What one has said itself comes back from the bus, and is no news that is repeated.
    let repeated = |who| of("reliability.choreography.repeated", who, &[]);
    assert_eq!([repeated(host), repeated(waiter)], [0.0, 0.0]);
    let world = World::new();
    meals(Twice(world.bus.clone()), &world).await;
    // All that it hears, and of the waiter also what it has said.
    assert_eq!([repeated(host), repeated(waiter)], [7.0, 8.0 + 3.0]);
    assert_eq!(of("reliability.choreography.heard", host, &[]), 14.0);
}
