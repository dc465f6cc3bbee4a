use alloc::vec;
use alloc::vec::Vec;

use super::*;
use crate::time::Instant;

/// Counts what it is told, on its disk; tells the next one.
struct Counter {
    index: usize,
    count: u32,
}

impl Node for Counter {
    type Message = u32;
    type Record = u32;

    fn start(&mut self, _: Instant, disk: &[u32]) -> Vec<Effect<u32, u32>> {
        self.count = disk.last().copied().unwrap_or_default();
        if self.index == 0 && disk.is_empty() {
            return vec![Effect::Write(1), Effect::Send { to: 1, message: 1 }];
        }
        Vec::new()
    }

    fn receive(&mut self, _: Instant, from: usize, message: u32) -> Vec<Effect<u32, u32>> {
        if message > self.count && message < 20 {
            return vec![Effect::Write(message), Effect::Send { to: from, message: message + 1 }];
        }
        Vec::new()
    }

    fn written(&mut self, _: Instant, record: u32) -> Vec<Effect<u32, u32>> {
        self.count = record;
        Vec::new()
    }
}

fn run(schedule: Schedule, faults: Faults) -> Result<World<Counter>, Violation> {
    let mut world = World::new(schedule, faults, 2, |index| Counter { index, count: 0 });
    world.run(|world| {
        let counts = |index: usize| world.node(index).map_or(0, |node| node.count);
        let on_disk = |index: usize| world.disk(index).last().copied().unwrap_or_default();
        match (0..2).all(|index| counts(index) <= on_disk(index)) {
            true => Ok(()),
            false => Err("it remembers what is not on its disk".into()),
        }
    })?;
    Ok(world)
}

#[test]
fn without_faults_everything_arrives() {
    let world = run(Schedule::of(1), Faults::none()).unwrap();
    assert_eq!((world.disk(0).last(), world.disk(1).last()), (Some(&18), Some(&19)));
}

#[test]
fn the_same_seed_is_the_same_schedule() {
    let disks = |seed| {
        let world = run(Schedule::of(seed), Faults::all()).unwrap();
        (world.disk(0).to_vec(), world.disk(1).to_vec(), world.now())
    };
    assert!((0..50).all(|seed| disks(seed) == disks(seed)));
    assert!((1..50).any(|seed| disks(seed) != disks(0)));
}

#[test]
fn crashes_lose_what_was_being_written_or_keep_it() {
    let (mut lost, mut kept) = (0, 0);
    for seed in 0..500 {
        let world = run(Schedule::of(seed).traced(), Faults::deaths()).unwrap();
        let dead = (0..2).find(|index| world.node(*index).is_none());
        let trace = world.violation("".into()).trace().to_vec();
        let Some(index) = dead else { continue };
        let at_last = trace.windows(2).find(|pair| pair[1].ends_with("crashes"));
        let wrote = at_last.and_then(|pair| pair[0].rsplit_once("writes "));
        if let Some((_, number)) =
            wrote.filter(|(before, _)| before.contains(&alloc::format!("node {index}")))
        {
            let number: u32 = number.parse().unwrap();
            *(if world.disk(index).contains(&number) { &mut kept } else { &mut lost }) += 1;
        }
    }
    assert!(lost > 10 && kept > 10, "{lost} lost, {kept} kept");
}
