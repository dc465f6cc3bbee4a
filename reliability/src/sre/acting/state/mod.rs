//! What outlives the process: a small file with a checksum, replaced whole.
//!
//! ```text
//!  "RELSLO" version(2) │ count │ name, length, section │ name, length, section │ .. │ checksum
//!                                     │
//!          section: clocks, excluded, window of the calendar, and for each objective
//!                   what it counts, stance, alerts that fire, sums, rings
//! ```
//!
//! Numbers are little-endian. Objectives are found by what they count and rings by their window, so
//! that a target or an alert may change without the rest being forgotten.

mod file;

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use crate::fnv::Fnv;
use crate::sre::arithmetic::engine::{Beginning, Engine, Moment, Track};
use crate::sre::slo::live::Memory;
use crate::sre::{Alert, Definition, GoodAndBad, Objective, Stance, Window};
pub use file::StateError;
pub(in crate::sre) use file::{Found, StateFile};

const MAGIC: &[u8; 8] = b"RELSLO\x01\x00";
/// No file of ours has more; what says so is none.
const SECTIONS_MAX: u32 = 4_096;

/// The sections of a file, by the name of their SLO.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::sre) struct Sections(pub(in crate::sre) Vec<(String, Vec<u8>)>);

impl Sections {
    /// The section of a name, which is there once.
    pub(in crate::sre) fn put(&mut self, name: &str, section: Vec<u8>) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = section,
            // What nobody asks for any more goes first; it was put in longest ago.
            None => {
                if self.0.len() >= SECTIONS_MAX as usize {
                    self.0.remove(0);
                }
                self.0.push((name.to_string(), section));
            }
        }
    }

    pub(in crate::sre) fn find(&self, name: &str) -> Option<&[u8]> {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.map(|(_, section)| section.as_slice())
    }

    pub(in crate::sre) fn encode(&self) -> Vec<u8> {
        let mut out = Writer(MAGIC.to_vec());
        out.u32(self.0.len() as u32);
        for (name, section) in &self.0 {
            out.bytes(name.as_bytes());
            out.bytes(section);
        }
        let checksum = checksum(&out.0);
        out.u64(checksum);
        out.0
    }

    /// The sections of a file; the error says what is wrong with it.
    pub(in crate::sre) fn decode(bytes: &[u8]) -> Result<Self, &'static str> {
        let Some((content, sum)) = bytes.split_last_chunk::<8>() else {
            return Err("it is shorter than an empty one");
        };
        if !content.starts_with(&MAGIC[..6]) {
            return Err("it does not begin as a state file does");
        }
        if !content.starts_with(MAGIC) {
            return Err("it was written by another version");
        }
        if checksum(content) != u64::from_le_bytes(*sum) {
            return Err("its checksum is not that of its content");
        }
        let mut reader = Reader(content.get(MAGIC.len()..).unwrap_or_default());
        let sections = reader.sections().ok_or("its content ends early")?;
        if reader.0.is_empty() { Ok(sections) } else { Err("there is more than it says") }
    }
}

/// What is kept of one SLO.
pub(in crate::sre) fn encode(
    definition: &Definition,
    engine: &Engine,
    memories: &[Memory],
) -> Vec<u8> {
    let mut out = Writer(Vec::new());
    out.u64(engine.now.millis);
    out.u64(engine.now.unix_seconds as u64);
    out.u64(engine.excluded);
    out.bytes(calendar_key(definition).as_bytes());
    out.u32(engine.tracks.len() as u32);
    let beginnings = engine.calendar.iter().flat_map(|calendar| &calendar.beginnings);
    out.u32(beginnings.clone().count() as u32);
    for beginning in beginnings {
        out.u64(beginning.at as u64);
        out.u64(beginning.seen_from as u64);
        beginning.sums.iter().for_each(|counts| out.counts(*counts));
    }
    let tracks = engine.tracks.iter().zip(definition.objectives()).zip(memories);
    for ((track, objective), memory) in tracks {
        out.bytes(objective_key(objective).as_bytes());
        out.0.push(memory.stance as u8);
        let alerts = definition.alerting(objective).alerts;
        let firing = alerts.iter().zip(&memory.firing).filter(|(_, fires)| **fires);
        out.u32(firing.clone().count() as u32);
        for (alert, _) in firing {
            out.alert(alert);
        }
        out.counts(track.sum);
        out.u32(track.rings.len() as u32);
        for ring in &track.rings {
            out.u64(ring.window_millis());
            out.u64(ring.since_millis());
            out.u32(ring.samples().len() as u32);
            ring.samples().iter().for_each(|counts| out.counts(*counts));
        }
    }
    out.0
}

/// The engine that a section was written of, and what was decided about its objectives; `None` when
/// it is no such section.
pub(in crate::sre) fn decode(
    definition: &Definition,
    section: &[u8],
) -> Option<(Engine, Vec<Memory>)> {
    let mut reader = Reader(section);
    let now = Moment { millis: reader.u64()?, unix_seconds: reader.u64()? as i64 };
    let mut engine = Engine::new(definition, now);
    engine.excluded = reader.u64()?;
    let same_calendar = reader.bytes()? == calendar_key(definition).as_bytes();
    let (objectives, beginnings) = (reader.u32()?, reader.u32()?);
    let mut heads = Vec::new();
    for _ in 0..beginnings {
        let (at, seen_from) = (reader.u64()? as i64, reader.u64()? as i64);
        let sums = (0..objectives).map(|_| reader.counts()).collect::<Option<Vec<_>>>()?;
        heads.push(Beginning { at, seen_from, sums });
    }
    let mut memories = alloc::vec![Memory::default(); definition.objectives().len()];
    let mut places = alloc::vec![None; definition.objectives().len()];
    for place in 0..objectives {
        let key = reader.bytes()?;
        let stance = stance(reader.u8()?)?;
        let fired = reader.u32()?;
        let fired = (0..fired).map(|_| reader.alert()).collect::<Option<Vec<_>>>()?;
        let sum = reader.counts()?;
        let known = definition.objectives().iter();
        let known = known.enumerate().find(|(_, it)| objective_key(it).as_bytes() == key);
        let mut track = known.map(|(_, it)| Track::new(definition, it, now.millis, sum));
        for _ in 0..reader.u32()? {
            let (window, since) = (reader.u64()?, reader.u64()?);
            let samples = reader.u32()?;
            let samples = (0..samples).map(|_| reader.counts()).collect::<Option<Vec<_>>>()?;
            for ring in track.iter_mut().flat_map(|track| &mut track.rings) {
                ring.restore(window, since, &samples);
            }
        }
        if let (Some((at, _)), Some(track)) = (known, track) {
            *engine.tracks.get_mut(at)? = track;
            let alerts = definition.alerting(definition.objectives().get(at)?).alerts;
            let firing = alerts.iter().map(|alert| fired.contains(&alert_key(alert))).collect();
            *memories.get_mut(at)? = Memory { stance, firing };
            *places.get_mut(at)? = Some(place as usize);
        }
    }
    if let Some(calendar) = engine.calendar.as_mut().filter(|_| same_calendar && !heads.is_empty())
    {
        let whole = places.iter().all(Option::is_some);
        let kept = heads.into_iter().map(|head| Beginning {
            // An objective that is new has seen nothing of this window.
            seen_from: if whole { head.seen_from } else { now.unix_seconds },
            sums: places
                .iter()
                .map(|place| place.and_then(|at| head.sums.get(at).copied()).unwrap_or_default())
                .collect(),
            ..head
        });
        calendar.beginnings = kept.collect();
    } else if let Some(calendar) = &mut engine.calendar {
        // Another calendar: what was counted before is in none of its windows.
        let sums = || engine.tracks.iter().map(|track| track.sum).collect();
        calendar.beginnings.iter_mut().for_each(|beginning| beginning.sums = sums());
    }
    reader.0.is_empty().then_some((engine, memories))
}

fn stance(byte: u8) -> Option<Stance> {
    [Stance::Release, Stance::Freeze, Stance::RollBack].into_iter().find(|it| *it as u8 == byte)
}

/// What an objective counts: with another threshold it counts something else, with another target
/// the same.
fn objective_key(objective: &Objective) -> String {
    alloc::format!("{} {:?}", objective.name, objective.indicator)
}

/// An alert is the same if it says the same about the same windows.
fn alert_key(alert: &Alert) -> [u64; 3] {
    let millis = |duration: Duration| duration.as_millis() as u64;
    [millis(alert.long), millis(alert.short), alert.burn.as_millionths()]
}

fn calendar_key(definition: &Definition) -> String {
    match definition.window {
        Window::Rolling(_) => String::new(),
        calendar => calendar.to_string(),
    }
}

/// FNV-1a, and its bits mixed at the end: finds torn and rotten files, and is no defence against
/// people.
fn checksum(bytes: &[u8]) -> u64 {
    let hash = Fnv::of(bytes);
    (hash ^ hash >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

struct Writer(Vec<u8>);

impl Writer {
    fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn counts(&mut self, counts: GoodAndBad) {
        self.u64(counts.good);
        self.u64(counts.bad);
    }

    fn alert(&mut self, alert: &Alert) {
        alert_key(alert).into_iter().for_each(|part| self.u64(part));
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.u32(bytes.len() as u32);
        self.0.extend_from_slice(bytes);
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn u8(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    fn u32(&mut self) -> Option<u32> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*bytes))
    }

    fn u64(&mut self) -> Option<u64> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*bytes))
    }

    fn counts(&mut self) -> Option<GoodAndBad> {
        Some(GoodAndBad::new(self.u64()?, self.u64()?))
    }

    fn alert(&mut self) -> Option<[u64; 3]> {
        Some([self.u64()?, self.u64()?, self.u64()?])
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.u32()? as usize;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn sections(&mut self) -> Option<Sections> {
        let count = self.u32().filter(|count| *count <= SECTIONS_MAX)?;
        let mut sections = Vec::new();
        for _ in 0..count {
            let name = core::str::from_utf8(self.bytes()?).ok()?.to_string();
            sections.push((name, self.bytes()?.to_vec()));
        }
        Some(Sections(sections))
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests;
