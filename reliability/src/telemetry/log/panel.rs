//! The log on the page of `telemetry::dashboard`.

use alloc::format;
use alloc::vec::Vec;

use super::sink::{Given, given};
use crate::telemetry::dashboard::{Number, Part, Standing, Tile, View, Widget};

inventory::submit! {
    Part { place: 20, view }
}

fn view() -> View {
    View::new(Standing::None, "").with(Widget::Tiles(Vec::from([shown(&given())])))
}

fn shown(given: &Given) -> Tile {
    let Given { sinks, records, panics } = *given;
    let (standing, hint) = match (sinks, panics) {
        (_, 1..) => (Standing::Warn, format!("a sink panicked, and lost {panics} of them")),
        (0, 0) => (Standing::None, "no sink takes them".into()),
        (1, 0) => (Standing::Ok, "to 1 sink".into()),
        (_, 0) => (Standing::Ok, format!("to {sinks} sinks")),
    };
    Tile::new("Log records", Number::Count(records)).standing(standing).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sink_that_panics_wants_a_look() {
        let standing = |sinks, panics| shown(&Given { sinks, records: 9, panics }).standing;
        let standings =
            [standing(0, 0), standing(1, 0), standing(2, 0), standing(0, 1), standing(2, 3)];
        assert_eq!(
            standings,
            [Standing::None, Standing::Ok, Standing::Ok, Standing::Warn, Standing::Warn]
        );
    }
}
