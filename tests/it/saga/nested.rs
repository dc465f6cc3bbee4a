//! Sagas in sagas on the journals that outlive a process: both go on when it is opened again, what is
//! done is called back by who is around it, and operators find the one from the other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reliability::distributed::transaction::saga::{
    Attempt, Cx, End, Operator, Outcome, Sagas, Transient, Why, saga,
};
use reliability::journal::{Heads, Journal, StreamId};
use reliability_tests::postgres::Postgres;
use tokio::sync::watch;

use crate::journal::crash::Folder;

#[saga(input = u32, refuse = String, shared = World)]
#[derive(Debug)]
enum Trade {
    #[step(reserve, undo = release)]
    Reserved(u32),
    #[step(saga = Ship, input = parcel, output = tour, refused = not_shipped, needs(Reserved),
        undo = fetch_back)]
    Shipped(u32),
    #[pivot(charge, needs(Shipped))]
    Charged(()),
}

#[saga(input = u32, refuse = String, shared = World)]
enum Ship {
    #[step(book, undo = unbook)]
    Booked(u32),
    #[pivot(hand_over, needs(Booked), retry = 3, backoff = constant("1ms"))]
    Gone(u32),
}

/// What happens at the place where it can be made to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    Open,
    /// Whoever comes there waits for ever, as in a process that is killed meanwhile.
    Shut,
    Broken,
}

/// What was done and not undone, by effects, and how often.
struct World {
    there: Mutex<BTreeMap<String, u32>>,
    /// Where the parcel is handed over, and where the card is charged.
    handing: watch::Sender<Door>,
    charging: watch::Sender<Door>,
    /// What comes to a shut door.
    came: watch::Sender<u32>,
}

impl World {
    fn new() -> Arc<Self> {
        let there = Mutex::default();
        let [handing, charging] = [(); 2].map(|()| watch::Sender::new(Door::Open));
        Arc::new(Self { there, handing, charging, came: watch::Sender::new(0) })
    }

    fn adds(&self, cx: &Cx<Self>) -> u32 {
        let mut there = self.there.lock().unwrap();
        let times = there.entry(format!("{} {}", cx.step(), cx.effect())).or_default();
        *times += 1;
        *times
    }

    fn takes(&self, step: &str) {
        self.there.lock().unwrap().retain(|name, _| !name.starts_with(step));
    }

    fn there(&self) -> Vec<String> {
        let there = self.there.lock().unwrap();
        there.keys().map(|name| name.split(' ').next().unwrap().to_owned()).collect()
    }

    async fn through<R>(&self, door: &watch::Sender<Door>) -> Result<(), Outcome<R>> {
        match *door.borrow() {
            Door::Open => return Ok(()),
            Door::Broken => return Err(Outcome::transient("the door is broken")),
            Door::Shut => {}
        }
        self.came.send_modify(|came| *came += 1);
        std::future::pending().await
    }

    /// Until somebody is at the door.
    async fn somebody_came(&self) {
        self.came.subscribe().wait_for(|came| *came > 0).await.unwrap();
        self.came.send_replace(0);
    }
}

async fn reserve(cx: &Cx<World>, pieces: &u32) -> Result<u32, Outcome<String>> {
    cx.shared().adds(cx);
    Ok(*pieces)
}

async fn release(cx: &Cx<World>, _: &u32, _: Attempt<'_, u32>) -> Result<(), Transient> {
    cx.shared().takes("Reserved");
    Ok(())
}

fn parcel(pieces: &u32, reserved: &u32) -> u32 {
    pieces + reserved
}

fn tour(done: ShipDone) -> u32 {
    done.gone
}

fn not_shipped(why: Why<String>) -> String {
    format!("{why:?}")
}

/// What the whole saga has come to is what it is told.
async fn fetch_back(cx: &Cx<World>, _: &u32, tour: Attempt<'_, u32>) -> Result<(), Transient> {
    assert_eq!(tour.done(), Some(&6));
    cx.shared().takes("Gone");
    cx.shared().takes("Booked");
    Ok(())
}

async fn charge(cx: &Cx<World>, _: &u32, tour: &u32) -> Result<(), Outcome<String>> {
    assert_eq!(*tour, 6);
    let world = cx.shared();
    world
        .through(&world.charging)
        .await
        .map_err(|_: Outcome<String>| Outcome::Rejected("no".into()))?;
    world.adds(cx);
    Ok(())
}

async fn book(cx: &Cx<World>, parcel: &u32) -> Result<u32, Outcome<String>> {
    cx.shared().adds(cx);
    Ok(*parcel)
}

async fn unbook(cx: &Cx<World>, _: &u32, _: Attempt<'_, u32>) -> Result<(), Transient> {
    cx.shared().takes("Booked");
    Ok(())
}

async fn hand_over(cx: &Cx<World>, _: &u32, parcel: &u32) -> Result<u32, Outcome<String>> {
    cx.shared().through(&cx.shared().handing).await?;
    cx.shared().adds(cx);
    Ok(*parcel)
}

/// Where a journal is, so that it can be opened again.
enum Place {
    Sqlite(PathBuf),
    Redb(PathBuf),
    Postgres(String),
}

impl Place {
    async fn open(&self) -> Journal {
        match self {
            Self::Sqlite(file) => Journal::open(file).unwrap(),
            Self::Redb(file) => opened_soon(file).await,
            Self::Postgres(database) => Journal::connect(database).await.unwrap(),
        }
    }
}

/// The engine before was dropped, and not stopped: its tasks hold the journal until the runtime has
/// dropped them.
async fn opened_soon(file: &Path) -> Journal {
    for _ in 0..1_000 {
        match Journal::open_redb(file) {
            Err(error) if error.to_string().contains("is open already") => {
                tokio::task::yield_now().await;
            }
            opened => return opened.unwrap(),
        }
    }
    panic!("something of a dropped engine holds its journal")
}

fn engine(journal: &Journal, world: &Arc<World>) -> Sagas {
    let sagas = Sagas::on(journal).saga::<Trade>(Arc::clone(world));
    let (lease, poll) = (Duration::from_millis(500), Duration::from_millis(20));
    sagas.lease(lease).poll(poll).start().unwrap()
}

/// One process ends as if it was killed: nothing of it goes on, and its leases run out.
async fn killed(sagas: Sagas, journal: Journal) {
    drop(sagas);
    drop(journal);
}

/// The child of a trade.
async fn child(journal: &Journal, parent: &StreamId) -> StreamId {
    for _ in 0..1_000 {
        // An engine writes down what its sagas are while it works already.
        let shown = Operator::on(journal).show(parent).await.unwrap();
        if let Some(nested) = shown.progress.steps.iter().find_map(|step| step.nested.clone()) {
            return nested.stream;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it has no child")
}

async fn both_go_on_where_they_were(place: &Place, key: &str) {
    let world = World::new();
    let journal = place.open().await;
    let sagas = engine(&journal, &world);
    world.handing.send_replace(Door::Shut);
    let trade = sagas.start::<Trade>(key, 3).await.unwrap();
    world.somebody_came().await;
    let (parent, ship) = (trade.stream().clone(), child(&journal, trade.stream()).await);
    drop(trade);
    killed(sagas, journal).await;

    // In the middle of the child, and then of the parent.
    world.handing.send_replace(Door::Open);
    world.charging.send_replace(Door::Shut);
    let journal = place.open().await;
    let sagas = engine(&journal, &world);
    world.somebody_came().await;
    assert_eq!(child(&journal, &parent).await, ship, "it is the same one");
    killed(sagas, journal).await;

    world.charging.send_replace(Door::Open);
    let journal = place.open().await;
    let sagas = engine(&journal, &world);
    let trade = sagas.find::<Trade>(key).unwrap();
    let End::Completed(done) = trade.ended().await.unwrap() else { panic!("it went back") };
    assert_eq!((done.reserved, done.shipped), (3, 6));
    assert_eq!(world.there(), ["Booked", "Charged", "Gone", "Reserved"]);
    let again: Vec<_> =
        world.there.lock().unwrap().clone().into_iter().filter(|it| it.1 > 1).collect();
    assert_eq!(again, [], "what was done before is not done again");
}

async fn a_child_is_called_back(place: &Place, key: &str) {
    let world = World::new();
    world.charging.send_replace(Door::Shut);
    let journal = place.open().await;
    let sagas = engine(&journal, &world);
    sagas.start::<Trade>(key, 3).await.unwrap();
    world.somebody_came().await;
    assert_eq!(world.there(), ["Booked", "Gone", "Reserved"]);
    killed(sagas, journal).await;

    // The child is complete, and only what is written of it says what is to be fetched back.
    world.charging.send_replace(Door::Broken);
    let journal = place.open().await;
    let sagas = engine(&journal, &world);
    let ended = sagas.find::<Trade>(key).unwrap().ended().await.unwrap();
    let End::RolledBack(Why::Rejected { step, .. }) = ended else { panic!("{ended:?}") };
    assert_eq!(step, "Charged");
    assert_eq!(world.there(), Vec::<String>::new());
}

async fn a_child_goes_back_with_its_parent(place: &Place, key: &str) {
    let world = World::new();
    world.handing.send_replace(Door::Broken);
    let journal = place.open().await;
    let sagas = engine(&journal, &world);
    let trade = sagas.start::<Trade>(key, 3).await.unwrap();
    let End::Stuck { reason, .. } = trade.ended().await.unwrap() else { panic!("it is not stuck") };
    let ship = child(&journal, trade.stream()).await;
    assert!(reason.contains(&ship.to_string()), "{reason}");
    let parent = trade.stream().clone();
    drop(trade);
    killed(sagas, journal).await;

    // An operator finds the one from the other, in a process that knows neither.
    let journal = place.open().await;
    let operator = Operator::on(&journal);
    let stuck = journal.heads(Heads::of("ship").with_status("stuck")).await.unwrap();
    assert!(stuck.iter().any(|head| head.stream == ship), "{stuck:?}");
    let around = operator.show(&parent).await.unwrap().to_string();
    assert!(around.contains(&ship.to_string()), "{around}");
    let shown = operator.show(&ship).await.unwrap();
    assert_eq!(shown.around.as_ref().unwrap().stream, parent);
    assert!(shown.to_string().contains(&format!("it is Shipped of {parent}")), "{shown}");
    world.handing.send_replace(Door::Open);
    operator.retry(&ship, "ada", "the door is mended").await.unwrap();
    drop((operator, journal));

    let journal = place.open().await;
    let sagas = engine(&journal, &world);
    let trade = sagas.find::<Trade>(key).unwrap();
    let end = loop {
        match trade.ended().await.unwrap() {
            // It is said until the child goes on.
            End::Stuck { .. } => tokio::task::yield_now().await,
            end => break end,
        }
    };
    assert!(matches!(end, End::Completed(_)), "{end:?}");
    assert_eq!(world.there(), ["Booked", "Charged", "Gone", "Reserved"]);
}

async fn on(place: Place) {
    both_go_on_where_they_were(&place, "1").await;
    a_child_is_called_back(&place, "2").await;
    a_child_goes_back_with_its_parent(&place, "3").await;
}

fn folder(name: &str) -> Folder {
    let folder = std::env::temp_dir().join(format!("nested-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    Folder(folder)
}

#[tokio::test]
async fn sagas_in_sagas_outlive_a_process_in_sqlite() {
    let folder = folder("sqlite");
    on(Place::Sqlite(folder.0.join("sagas.db"))).await;
}

#[tokio::test]
async fn sagas_in_sagas_outlive_a_process_in_redb() {
    let folder = folder("redb");
    on(Place::Redb(folder.0.join("sagas.redb"))).await;
}

#[tokio::test]
async fn a_file_is_closed_with_the_journal_when_the_engine_has_stopped() {
    let folder = folder("stopped");
    let file = folder.0.join("sagas.redb");
    // An attempt that never ends is dropped, and one that ends is waited for.
    for (door, grace) in [(Door::Shut, Duration::ZERO), (Door::Open, Duration::from_secs(60))] {
        let world = World::new();
        world.charging.send_replace(door);
        let journal = Journal::open_redb(&file).unwrap();
        let sagas = engine(&journal, &world);
        let key = format!("{door:?}");
        let trade = sagas.start::<Trade>(&key, 3).await.unwrap();
        match door {
            Door::Shut => world.somebody_came().await,
            _ => drop(trade.ended().await.unwrap()),
        }
        drop(trade);
        // Two who stop it both wait until it has.
        let other = sagas.clone();
        tokio::join!(sagas.stop(grace), other.stop(grace));
        drop((sagas, other, journal));
    }
    drop(Journal::open_redb(&file).unwrap());
}

#[tokio::test]
async fn sagas_in_sagas_outlive_a_process_in_postgresql() {
    let server = Postgres::shared();
    on(Place::Postgres(server.url_of(&server.database()))).await;
}
