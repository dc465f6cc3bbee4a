//! Every interleaving of an answer that changes, or goes, with lookups that bring it to the front
//! and with others that push it out of there.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::DerefMut;

use loom::sync::Arc as LoomArc;
use loom::thread;

use super::behind::Behind;
use super::entry::{AnyEntry, Entry, Pair};
use super::key::Asked;
use super::lead::Outcome;
use super::store::Store;
use crate::resilience::single_flight::{Field, Joined, Shard, join};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::time::Instant;

/// What moka is to the store: a table of its own, each step of which is one. It is full, so that what
/// nobody asked for is thrown out.
struct Table(Mutex<Vec<Arc<AnyEntry>>>);

impl Behind for Table {
    fn get(&self, asked: &Asked<'_>) -> Option<Arc<AnyEntry>> {
        self.0.lock().iter().find(|entry| (asked.is)(entry)).cloned()
    }

    fn insert(&self, entry: &Arc<AnyEntry>) {
        let mut entries = self.0.lock();
        entries.retain(|other| !other.has_key_of(entry));
        entries.push(Arc::clone(entry));
    }

    fn remove(&self, asked: &Asked<'_>) -> Option<Arc<AnyEntry>> {
        let mut entries = self.0.lock();
        let index = entries.iter().position(|entry| (asked.is)(entry))?;
        Some(entries.swap_remove(index))
    }

    fn clear(&self) {
        self.0.lock().clear();
    }

    fn tidy(&self) {}

    fn len(&self) -> u64 {
        self.0.lock().len() as u64
    }

    fn has_room(&self) -> bool {
        false
    }
}

type Shop = Arc<Store<Table>>;

const TEA: u64 = 1;
const MILK: u64 = 2;

fn is(of: u64) -> impl Fn(&AnyEntry) -> bool {
    move |entry| entry.is::<&u64, u32>(&&of)
}

fn put(shop: &Shop, of: u64, price: u32) {
    shop.put(Entry::value(of, of << 48, price, Instant::ZERO));
}

fn find(shop: &Shop, of: u64) -> Option<u32> {
    let seen = shop.find(of << 48, is(of));
    seen.entry.and_then(|entry| entry.as_value().copied())
}

fn take(shop: &Shop, of: u64) -> bool {
    shop.take(&Asked { hash: of << 48, is: &is(of) })
}

/// One place in front, or none, and the price of tea behind it if there is milk in the place.
fn shop(ways: usize, milk: bool) -> Shop {
    let shop = Arc::new(Store::with(1, ways, Table(Mutex::new(Vec::new()))));
    put(&shop, TEA, 1);
    // It was asked for, so it is not thrown out.
    find(&shop, TEA);
    if milk {
        put(&shop, MILK, 1);
    }
    shop
}

fn model(test: impl Fn(usize, bool) + Sync + Send + Copy + 'static) {
    for (ways, milk) in [(0, false), (1, false), (1, true)] {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(2);
        builder.check(move || test(ways, milk));
    }
}

#[test]
fn loom_an_answer_that_was_taken_away_is_not_found_again() {
    model(|ways, milk| {
        let shop = shop(ways, milk);
        let other = {
            let shop = Arc::clone(&shop);
            thread::spawn(move || {
                find(&shop, TEA);
                put(&shop, MILK, 2);
            })
        };
        assert!(take(&shop, TEA), "it is in front, or behind, or on its way");
        assert_eq!(find(&shop, TEA), None);
        other.join().unwrap();
        assert_eq!(find(&shop, TEA), None);
        assert_ne!(find(&shop, MILK), Some(1));
    });
}

#[test]
fn loom_an_answer_that_another_one_followed_is_not_found_again() {
    model(|ways, milk| {
        let shop = shop(ways, milk);
        let other = {
            let shop = Arc::clone(&shop);
            thread::spawn(move || {
                find(&shop, TEA);
                put(&shop, MILK, 2);
                find(&shop, TEA)
            })
        };
        put(&shop, TEA, 2);
        // That it is lost to those who come to moka late is as good as thrown out.
        assert_ne!(find(&shop, TEA), Some(1));
        other.join().unwrap();
        assert_ne!(find(&shop, TEA), Some(1));
        assert_ne!(find(&shop, MILK), Some(1));
    });
}

#[test]
fn loom_an_answer_that_is_thrown_out_does_not_bring_an_older_one_back() {
    model(|ways, milk| {
        let shop = shop(ways, milk);
        let other = {
            let shop = Arc::clone(&shop);
            thread::spawn(move || find(&shop, TEA))
        };
        put(&shop, TEA, 2);
        put(&shop, MILK, 2);
        assert_ne!(find(&shop, TEA), Some(1));
        other.join().unwrap();
        assert_ne!(find(&shop, TEA), Some(1));
    });
}

#[test]
fn loom_what_is_found_while_moka_gives_it_up_is_not_put_before_a_newer_one() {
    model(|ways, milk| {
        let shop = shop(ways, milk);
        let other = {
            let shop = Arc::clone(&shop);
            thread::spawn(move || find(&shop, TEA))
        };
        shop.behind().clear();
        put(&shop, TEA, 2);
        put(&shop, MILK, 2);
        assert_ne!(find(&shop, TEA), Some(1));
        other.join().unwrap();
        assert_ne!(find(&shop, TEA), Some(1));
    });
}

#[test]
fn loom_nothing_of_before_is_found_after_all_was_cleared() {
    model(|ways, milk| {
        let shop = shop(ways, milk);
        let other = {
            let shop = Arc::clone(&shop);
            thread::spawn(move || {
                find(&shop, TEA);
                put(&shop, MILK, 2);
            })
        };
        shop.clear();
        assert_eq!(find(&shop, TEA), None);
        other.join().unwrap();
        assert_eq!(find(&shop, TEA), None);
        assert_ne!(find(&shop, MILK), Some(1));
    });
}

#[test]
fn loom_two_who_push_each_other_out_lose_nothing() {
    model(|ways, milk| {
        let shop = shop(ways, milk);
        let other = {
            let shop = Arc::clone(&shop);
            thread::spawn(move || put(&shop, MILK, 2))
        };
        assert_eq!(find(&shop, TEA), Some(1));
        other.join().unwrap();
        assert_eq!(find(&shop, TEA), Some(1));
    });
}

/// The price of tea is asked for by two, one of whom may come when the other has just landed.
#[derive(Clone)]
struct Desk {
    shop: Shop,
    calls: LoomArc<AtomicU32>,
}

impl Field for Desk {
    type Key = Arc<AnyEntry>;
    type Outcome = Outcome;

    fn shard(&self, hash: u64) -> impl DerefMut<Target = Shard<Arc<AnyEntry>, Outcome>> {
        self.shop.flights(hash)
    }
}

impl Desk {
    /// As a lookup does it: look, lead, and look again if anything may have come meanwhile.
    fn ask(&self) {
        let hash = TEA << 48;
        let seen = self.shop.find(hash, is(TEA));
        if seen.entry.is_some() {
            return;
        }
        let awaited = Entry::<Pair<u64, u32>>::awaited(TEA, hash);
        let Joined::Leads(mut lead) = join(self, hash, |entry| is(TEA)(entry), awaited) else {
            return;
        };
        if self.shop.has_turned(hash, seen.turn)
            && let Some(entry) = self.shop.find(hash, is(TEA)).entry
        {
            return lead.land(|| Outcome::Answered(entry));
        }
        self.calls.fetch_add(1, Ordering::Relaxed);
        match self.shop.land(lead.flight(), |entry| entry.succeed(7_u32, Instant::ZERO), true) {
            Some(entry) => lead.land(|| Outcome::Answered(entry)),
            None => lead.has_ended(),
        }
    }
}

#[test]
fn loom_who_leads_when_another_has_landed_finds_its_answer() {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(|| {
        let desk = Desk {
            shop: Arc::new(Store::with(1, 1, Table(Mutex::new(Vec::new())))),
            calls: LoomArc::new(AtomicU32::new(0)),
        };
        let other = {
            let desk = desk.clone();
            thread::spawn(move || desk.ask())
        };
        desk.ask();
        other.join().unwrap();
        assert_eq!(desk.calls.load(Ordering::Relaxed), 1, "one call for both");
        assert_eq!((find(&desk.shop, TEA), desk.shop.in_flight()), (Some(7), 0));
    });
}

impl Desk {
    /// Leads with what the dependency says, unless another one does.
    fn find_out(&self) {
        let hash = TEA << 48;
        let awaited = Entry::<Pair<u64, u32>>::awaited(TEA, hash);
        let Joined::Leads(mut lead) = join(self, hash, |entry| is(TEA)(entry), awaited) else {
            return;
        };
        let price = self.calls.load(Ordering::Acquire);
        match self.shop.land(lead.flight(), |entry| entry.succeed(price, Instant::ZERO), true) {
            Some(entry) => lead.land(|| Outcome::Answered(entry)),
            None => lead.has_ended(),
        }
    }
}

#[test]
fn loom_what_is_invalidated_while_it_is_found_out_is_not_kept() {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(|| {
        let desk = Desk {
            shop: Arc::new(Store::with(1, 1, Table(Mutex::new(Vec::new())))),
            calls: LoomArc::new(AtomicU32::new(1)),
        };
        let other = {
            let desk = desk.clone();
            thread::spawn(move || desk.find_out())
        };
        desk.calls.store(2, Ordering::Release);
        take(&desk.shop, TEA);
        assert_ne!(find(&desk.shop, TEA), Some(1), "an answer of before");
        desk.find_out();
        other.join().unwrap();
        assert_eq!(find(&desk.shop, TEA), Some(2), "one of them asked after that");
        assert_eq!(desk.shop.in_flight(), 0);
    });
}
