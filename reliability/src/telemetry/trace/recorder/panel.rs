//! The recorder on the page of `telemetry::dashboard`.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::counts::RecorderCounts;
use super::settings::Recorder;
use crate::telemetry::dashboard::words;
use crate::telemetry::dashboard::{Number, Part, Standing, Tile, View, Widget};

inventory::submit! {
    Part { place: 10, view }
}

fn view() -> View {
    View::new(Standing::None, "").with(Widget::Tiles(tiles()))
}

fn tiles() -> Vec<Tile> {
    match Recorder::running() {
        Some(recorder) => shown(recorder.counts(), recorder.memory_used(), recorder.memory()),
        None => Vec::from([Tile::new("Traces", "not recorded").hint("no recorder was started")]),
    }
}

fn shown(counts: RecorderCounts, used: usize, memory: usize) -> Vec<Tile> {
    let RecorderCounts { not_sampled, kept, dropped, spans_dropped, spans_late, .. } = counts;
    let roots = counts.roots_without_room;
    let running = (counts.recorded + roots).saturating_sub(kept + dropped);
    let mib = |bytes: usize| bytes as f64 / f64::from(1 << 20);
    let ended = [(dropped, "thrown away"), (not_sampled, "not sampled"), (running, "going on")];
    let missing = [(roots, "insides of traces"), (spans_dropped, "spans"), (spans_late, "late")];
    let without_room = match roots + spans_dropped {
        0 => tile("Parts of traces lost", 0, Standing::Ok, missing),
        lost => tile("Parts of traces lost", lost, Standing::Warn, missing),
    };
    let share = Number::Share(used as f64 / memory.max(1) as f64);
    Vec::from([
        tile("Traces kept", kept, Standing::Ok, ended),
        without_room,
        Tile::new("Memory of traces", share).standing(Standing::Ok).hint(format!(
            "{:.1} of {:.1} MiB",
            mib(used),
            mib(memory)
        )),
    ])
}

/// A number, and beside it those that are not zero.
fn tile(title: &'static str, count: u64, standing: Standing, beside: [(u64, &str); 3]) -> Tile {
    let tile = Tile::new(title, Number::Count(count)).standing(standing);
    let beside: Vec<String> = beside
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", words::count(*count)))
        .collect();
    if beside.is_empty() { tile } else { tile.hint(beside.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_was_no_room_for_wants_a_look() {
        let mut counts = RecorderCounts { recorded: 5, kept: 1, dropped: 3, ..Default::default() };
        let standings = |counts| -> Vec<Standing> {
            shown(counts, 1 << 19, 1 << 20).iter().map(|tile| tile.standing).collect()
        };
        assert_eq!(standings(counts), [Standing::Ok; 3]);
        counts.spans_dropped = 1;
        assert_eq!(standings(counts), [Standing::Ok, Standing::Warn, Standing::Ok]);
        let tiles = shown(counts, 1 << 19, 1 << 20);
        let hint = |at: usize| tiles[at].hint.as_deref().unwrap_or_default();
        assert_eq!((hint(0), hint(1)), ("3 thrown away, 1 going on", "1 spans"));
        assert_eq!(hint(2), "0.5 of 1.0 MiB");
        assert_eq!(tiles[2].value, Number::Share(0.5).into());
    }
}
