//! `#[saga]`: the order of the documentation, on the engine in memory and by hand.

mod events;
mod metrics;
mod nested;
mod spans;
mod workers;

use std::sync::{Arc, Mutex};

use reliability::distributed::transaction::saga::{
    Attempt, Cx, End, Kind, Outcome, Saga, Sagas, Transient, Why, saga, walk::Walked,
};
use reliability::journal::Journal;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Order {
    article: String,
    cents: u32,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Refused {
    NoMoney,
}

/// What was called, and how much there is on the card.
pub(crate) struct Shop {
    calls: Mutex<Vec<String>>,
    on_the_card: u32,
    lost_answers: Mutex<u32>,
}

impl Shop {
    fn with(on_the_card: u32) -> Arc<Self> {
        let (calls, lost_answers) = (Mutex::default(), Mutex::new(0));
        Arc::new(Self { calls, on_the_card, lost_answers })
    }

    fn call(&self, what: &str) {
        self.calls.lock().unwrap().push(what.into());
    }

    fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

mod stock {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub(crate) struct Stock(pub(crate) u32);

    pub(super) async fn reserve(cx: &Cx<Shop>, order: &Order) -> Result<Stock, Outcome<Refused>> {
        cx.shared().call(&format!("reserve {}", order.article));
        Ok(Stock(7))
    }

    pub(super) async fn release(
        cx: &Cx<Shop>,
        _: &Order,
        attempt: Attempt<'_, Stock>,
    ) -> Result<(), Transient> {
        cx.shared().call(&format!("release {:?}", attempt.done()));
        Ok(())
    }
}

mod price {
    use super::*;

    pub(super) async fn quote(cx: &Cx<Shop>, order: &Order) -> Result<u32, Outcome<Refused>> {
        cx.shared().call("quote");
        Ok(order.cents)
    }
}

mod card {
    use super::*;

    pub(super) async fn charge(
        cx: &Cx<Shop>,
        _: &Order,
        stock: &stock::Stock,
        price: &u32,
    ) -> Result<String, Outcome<Refused>> {
        cx.shared().call(&format!("charge {} for {}", price, stock.0));
        if cx.shared().on_the_card < *price {
            return Err(Outcome::Rejected(Refused::NoMoney));
        }
        let mut lost = cx.shared().lost_answers.lock().unwrap();
        if *lost > 0 {
            *lost -= 1;
            return Err(Outcome::unknown("the answer was lost"));
        }
        Ok(cx.effect().to_string())
    }

    pub(super) async fn find(
        cx: &Cx<Shop>,
        _: &Order,
        _: &stock::Stock,
        _: &u32,
    ) -> Result<Option<String>, Transient> {
        cx.shared().call("find");
        Ok(Some(cx.effect().to_string()))
    }
}

mod mail {
    use super::*;

    pub(super) async fn confirm(
        cx: &Cx<Shop>,
        _: &Order,
        receipt: &String,
    ) -> Result<(), Transient> {
        assert_eq!(*receipt, cx.effect().to_string().replace("Mailed", "Charged"));
        cx.shared().call("confirm");
        Ok(())
    }
}

/// Stock and price side by side, the card, the mail.
#[saga(input = Order, refuse = Refused, shared = Shop, version = 2, drain(1), deadline = "1h")]
#[derive(Debug, PartialEq)]
pub(crate) enum PlaceOrder {
    /// Goods are put aside.
    #[step(stock::reserve, undo = stock::release, retry = 5, timeout = "2s", backoff = exponential("50ms", max = "1s"), undo_retry = 8)]
    Reserved(stock::Stock),
    #[step(price::quote, undo = none("read only"), beside = Reserved)]
    Quoted(u32),
    #[pivot(card::charge, needs(Reserved, Quoted), probe = card::find)]
    Charged(String),
    #[then(mail::confirm, needs(Charged))]
    Mailed(()),
}

fn order() -> Order {
    Order { article: "tea".into(), cents: 299 }
}

async fn run(shop: &Arc<Shop>) -> End<PlaceOrderDone, Refused> {
    let journal = Journal::in_memory();
    let sagas = Sagas::on(&journal).saga::<PlaceOrder>(Arc::clone(shop)).start().unwrap();
    sagas.start::<PlaceOrder>("4711", order()).await.unwrap().ended().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_engine_carries_a_declared_saga_to_its_end() {
    let shop = Shop::with(1_000);
    let End::Completed(done) = run(&shop).await else { panic!("{:?}", shop.calls()) };
    assert_eq!((done.reserved, done.quoted, done.mailed), (stock::Stock(7), 299, ()));
    assert!(done.charged.ends_with("-Charged"), "{}", done.charged);
    assert_eq!(shop.calls(), ["reserve tea", "quote", "charge 299 for 7", "confirm"]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_undoes_what_the_declaration_says() {
    let shop = Shop::with(100);
    let End::RolledBack(why) = run(&shop).await else { panic!("{:?}", shop.calls()) };
    assert_eq!(why, Why::Rejected { step: "Charged".into(), refusal: Refused::NoMoney });
    assert_eq!(shop.calls().last().unwrap(), "release Some(Stock(7))");
}

#[tokio::test(start_paused = true)]
async fn the_declared_probe_is_asked_for_a_lost_answer() {
    let shop = Shop::with(1_000);
    *shop.lost_answers.lock().unwrap() = 1;
    assert!(matches!(run(&shop).await, End::Completed(_)));
    let asked: Vec<_> = shop.calls().into_iter().filter(|it| it == "find").collect();
    assert_eq!(asked.len(), 1);
}

#[test]
fn the_table_says_what_the_declaration_says() {
    let definition = PlaceOrder::DEFINITION;
    assert_eq!((definition.name(), definition.version()), ("place_order", 2));
    let plan = definition.plan();
    let rows: Vec<_> =
        plan.steps().iter().map(|it| (it.name(), it.kind(), it.after(), it.has_undo())).collect();
    let expected: [(&str, Kind, &[usize], bool); 4] = [
        ("Reserved", Kind::Compensable, &[], true),
        ("Quoted", Kind::Compensable, &[], false),
        ("Charged", Kind::Pivot, &[0, 1], false),
        ("Mailed", Kind::Retriable, &[2], false),
    ];
    assert_eq!(rows, expected);
}

#[tokio::test]
async fn a_test_walks_a_saga_by_hand() {
    let shop = Shop::with(100);
    let cx = Cx::shared_with(Arc::clone(&shop));
    let Walked::Forward(quote) = PlaceOrder::begin(order()).step(&cx).await else { panic!() };
    assert_eq!(quote.output::<place_order::Reserved, _>(), &stock::Stock(7));
    let Walked::Forward(charge) = quote.step(&cx).await else { panic!() };
    let Walked::Back(back) = charge.step(&cx).await else { panic!() };
    assert_eq!(back.run(&cx).await.unwrap(), &Refused::NoMoney);
    let calls = ["reserve tea", "quote", "charge 299 for 7", "release Some(Stock(7))"];
    assert_eq!(shop.calls(), calls);
}

#[tokio::test]
async fn behind_the_pivot_a_walk_has_no_way_back_to_match() {
    let cx = Cx::shared_with(Shop::with(1_000));
    let at = PlaceOrder::begin(order()).given(stock::Stock(1)).given(299);
    let Walked::Forward(mail) = at.step(&cx).await else { panic!() };
    let end = match mail.step(&cx).await {
        Walked::Forward(end) => end,
        Walked::Again(_, why) => panic!("{why:?}"),
    };
    assert_eq!(end.output::<place_order::Reserved, _>(), &stock::Stock(1));
}
