//! Programs of several versions in one choreography: what older ones have said is carried over, and what
//! others know is left to them.

use std::time::Duration;

use reliability::distributed::transaction::choreography::End;
use reliability::distributed::transaction::saga::{Old, Unwritable};
use reliability::journal::Heads;

use super::world::World;
use crate::metrics::grows;
use crate::policy::events::{assert_as_documented, heard_of};

/// The program of one version: the events, who reserves, who charges, and who starts orders.
macro_rules! version {
    ($name:ident, [$($settings:tt)*], $stock:ty, $reserved:expr, $charged:expr) => {
        mod $name {
            use reliability::distributed::transaction::choreography::{choreography, participant};
            use reliability::distributed::transaction::saga::{
                Attempt, Cx, Outcome, Transient, saga,
            };

            #[saga(input = u32, refuse = String, choreographed, name = "place_order", $($settings)*)]
            pub(super) enum PlaceOrder {
                #[step]
                Reserved($stock),
                #[pivot]
                Charged(String),
            }

            pub(super) struct Warehouse;

            #[participant(PlaceOrder)]
            impl Warehouse {
                #[on(start => Reserved, undo = release)]
                async fn reserve(&self, _: &Cx, pieces: &u32) -> Result<$stock, Outcome<String>> {
                    let reserved: fn(u32) -> $stock = $reserved;
                    Ok(reserved(*pieces))
                }

                async fn release(
                    &self,
                    _: &Cx,
                    _: &u32,
                    _: Attempt<'_, $stock>,
                ) -> Result<(), Transient> {
                    Ok(())
                }
            }

            pub(super) struct Card;

            #[participant(PlaceOrder)]
            impl Card {
                #[on(Reserved => Charged)]
                async fn charge(
                    &self,
                    _: &Cx,
                    pieces: &u32,
                    stock: &$stock,
                ) -> Result<String, Outcome<String>> {
                    let charged: fn(&u32, &$stock) -> String = $charged;
                    Ok(charged(pieces, stock))
                }
            }

            choreography! {
                pub(super) Orders: PlaceOrder {
                    Warehouse,
                    elsewhere card { on(Reserved => Charged) },
                    terminal Charged,
                }
            }

            choreography! {
                pub(super) Cards: PlaceOrder {
                    Card,
                    elsewhere warehouse { on(start => Reserved) },
                    terminal Charged,
                }
            }
        }
    };
}

version!(first, [version = 1], u32, |pieces| pieces, |_, stock| format!("first: {stock}"));
version!(
    second,
    [version = 2, migrate(1 => super::with_a_unit)],
    (u32, String),
    |pieces| (pieces, "boxes".into()),
    |order, (pieces, unit)| format!("second: {order}, {pieces} {unit}")
);
version!(drained, [version = 2, drain(1)], u32, |pieces| pieces, |_, stock| format!(
    "drained: {stock}"
));
version!(
    renaming,
    [version = 2, migrate(1 => super::under_another_name)],
    u32,
    |pieces| pieces,
    |_, stock| format!("renamed: {stock}")
);

/// Orders of the first version were for half of what they said.
fn with_a_unit(mut old: Old) -> Result<Old, Unwritable> {
    old.input = (old.input.as_u64().unwrap_or_default() * 2).into();
    for (event, came_with) in &mut old.done {
        if event == "Reserved" {
            *came_with = serde_json::json!([came_with, "pieces"]);
        }
    }
    Ok(old)
}

fn under_another_name(mut old: Old) -> Result<Old, Unwritable> {
    for (event, _) in &mut old.done {
        *event = "Held".into();
    }
    Ok(old)
}

/// Begins one of those on a journal of that world.
macro_rules! begin {
    ($world:ident, $($version:ident)::+, $journal:ident, $here:expr) => {
        $($version)::+::on(&$world.$journal, $world.bus.clone(), $here).clock(&$world.clock)
    };
}

async fn from_the_first_to_the_second() {
    let world = World::new();
    let shop = begin!(world, first::Orders, shop, (first::Warehouse,)).start().await.unwrap();
    let bank = begin!(world, second::Cards, bank, (second::Card,)).participants_only();
    let bank = bank.start().await.unwrap();
    shop.start("order-1", 3).await.unwrap();
    // The card is charged by the second version, and nobody in the shop knows what that says.
    world.until(&world.bank, "place_order.card", "done").await;
    for _ in 0..1_000 {
        world.tick().await;
    }
    let status = world.shop.heads(Heads::of("place_order.start")).await.unwrap();
    assert_eq!(status[0].status, "running");
    shop.stop().await;
    let shop = begin!(world, second::Orders, shop, (second::Warehouse,)).start().await.unwrap();
    // It is the same order in other words, and in those of the second version.
    let order = shop.start("order-1", 6).await.unwrap();
    let End::Completed(done) = world.end_of(order.ended()).await.unwrap() else { panic!("it is") };
    assert_eq!(done.reserved, (3, "pieces".to_string()));
    assert_eq!(done.charged, "second: 6, 3 pieces");
    let other = shop.start("order-1", 3).await.unwrap_err();
    assert!(other.to_string().contains("with another input"), "{other}");
    shop.stop().await;
    bank.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_older_programs_have_said_is_carried_over_and_what_is_newer_is_left_and_told() {
    // Each time that it comes.
    let left =
        |key, value, times| ("reliability.choreography.elsewhere", Some((key, value)), times);
    let left = [
        left("reliability.choreography.participant", "warehouse", 2.0),
        left("reliability.choreography.participant", "start", 2.0),
        left("reliability.choreography.event", "Charged", 4.0),
    ];
    let mut heard = Vec::new();
    grows(&left, async { heard = heard_of(from_the_first_to_the_second).await }).await;
    assert_as_documented(&heard, |event| event == "reliability.choreography.elsewhere");
    // Once by each, however often it has come.
    let field = |name: &str| heard.iter().map(|(_, it)| it[name].clone()).collect::<Vec<_>>();
    let mut participants = field("reliability.choreography.participant");
    participants.sort_unstable();
    assert_eq!(participants, ["start", "warehouse"]);
    let (_, fields) = &heard[0];
    assert_eq!(fields["reliability.choreography.event"], "Charged");
    assert_eq!(fields["reliability.choreography.version"], "2");
    assert_eq!(fields["reliability.choreography.known"], "1");
}

#[tokio::test(start_paused = true)]
async fn what_is_drained_is_left_to_older_programs() {
    let world = World::new();
    let shop = begin!(world, first::Orders, shop, (first::Warehouse,)).start().await.unwrap();
    let newer = begin!(world, drained::Cards, bank, (drained::Card,)).participants_only();
    let newer = newer.start().await.unwrap();
    let order = shop.start("order-1", 3).await.unwrap();
    for _ in 0..1_000 {
        world.tick().await;
    }
    assert!(world.bank.heads(Heads::of("place_order.card")).await.unwrap().is_empty());
    let older = begin!(world, first::Cards, bank, (first::Card,)).participants_only();
    let older = older.start().await.unwrap();
    let End::Completed(done) = world.end_of(order.ended()).await.unwrap() else { panic!("it is") };
    assert_eq!((done.reserved, done.charged.as_str()), (3, "first: 3"));
    shop.stop().await;
    newer.stop().await;
    older.stop().await;
}

/// Two programs of one participant at one journal: who does not know an order must not be the first to
/// take it, again and again.
#[tokio::test(start_paused = true)]
async fn an_older_program_is_not_in_the_way_of_a_newer_one() {
    let world = World::new();
    let older = begin!(world, first::Cards, bank, (first::Card,)).participants_only();
    let older = older.start().await.unwrap();
    let newer = begin!(world, second::Cards, bank, (second::Card,)).participants_only();
    let newer = newer.start().await.unwrap();
    let shop = begin!(world, second::Orders, shop, (second::Warehouse,)).start().await.unwrap();
    for order in 1..=10 {
        let order = shop.start(&format!("order-{order}"), order).await.unwrap();
        // What nobody knows rests for longer.
        let ended = tokio::time::timeout(Duration::from_secs(2), world.end_of(order.ended()));
        let ended = ended.await.expect("the older one is in the way").unwrap();
        assert!(matches!(ended, End::Completed(_)));
    }
    shop.stop().await;
    older.stop().await;
    newer.stop().await;
}

#[tokio::test(start_paused = true)]
async fn who_has_the_older_program_is_told_that_a_newer_one_goes_on_with_it() {
    let world = World::new();
    let older = begin!(world, first::Orders, shop, (first::Warehouse,)).start().await.unwrap();
    let bank = begin!(world, second::Cards, bank, (second::Card,)).participants_only();
    let bank = bank.start().await.unwrap();
    let order = older.start("order-1", 3).await.unwrap();
    let newer = begin!(world, second::Orders, shop, (second::Warehouse,)).start().await.unwrap();
    // The newer one hears that the card is charged, and writes it down.
    let told = world.end_of(order.ended()).await.err().unwrap();
    assert!(told.to_string().contains("is carried on in version 2"), "{told}");
    // Who knows that version knows how it ended.
    let order = newer.find("order-1").await.unwrap().unwrap();
    let End::Completed(done) = world.end_of(order.ended()).await.unwrap() else { panic!("it is") };
    assert_eq!(done.charged, "second: 6, 3 pieces");
    older.stop().await;
    newer.stop().await;
    bank.stop().await;
}

async fn a_migration_that_renames() {
    let world = World::new();
    let shop = begin!(world, first::Orders, shop, (first::Warehouse,)).start().await.unwrap();
    let bank = begin!(world, renaming::Cards, bank, (renaming::Card,)).participants_only();
    let bank = bank.start().await.unwrap();
    shop.start("order-1", 3).await.unwrap();
    world.until(&world.bank, "place_order.card", "broken").await;
    bank.stop().await;
    // Nothing is lost by that: a program that carries it over as it should goes on with it.
    let bank = begin!(world, second::Cards, bank, (second::Card,)).participants_only();
    let bank = bank.start().await.unwrap();
    world.until(&world.bank, "place_order.card", "done").await;
    shop.stop().await;
    bank.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_migration_that_renames_an_event_is_told_and_can_be_mended() {
    let heard = heard_of(a_migration_that_renames).await;
    let broken: Vec<_> =
        heard.iter().filter(|(event, _)| event.name().ends_with(".broken")).collect();
    let [(_, fields), ..] = broken.as_slice() else { panic!("{heard:?}") };
    let said = &fields["reliability.error"];
    assert!(said.contains("the event `Held` came up"), "{said}");
}
