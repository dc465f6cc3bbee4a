//! The log on the page of `telemetry::dashboard`.

use alloc::format;
use alloc::vec::Vec;

use super::sink::{Given, given};
use crate::telemetry::dashboard::{Level, Number, Tile};

pub(in crate::telemetry) fn tiles() -> Vec<Tile> {
    Vec::from([shown(&given())])
}

fn shown(given: &Given) -> Tile {
    let Given { sinks, records, panics } = *given;
    let (level, hint) = match (sinks, panics) {
        (_, 1..) => (Level::Warn, format!("a sink panicked, and lost {panics}")),
        (0, 0) => (Level::None, "no sink takes them".into()),
        (1, 0) => (Level::Ok, "to 1 sink".into()),
        (_, 0) => (Level::Ok, format!("to {sinks} sinks")),
    };
    Tile::new("Log records", Number::Count(records)).level(level).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sink_that_panics_wants_a_look() {
        let level = |sinks, panics| shown(&Given { sinks, records: 9, panics }).level;
        let levels = [level(0, 0), level(1, 0), level(2, 0), level(0, 1), level(2, 3)];
        assert_eq!(levels, [Level::None, Level::Ok, Level::Ok, Level::Warn, Level::Warn]);
    }
}
