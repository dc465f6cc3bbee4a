use alloc::string::String;
use alloc::vec::Vec;

use super::{Panel, Standing, Submitted, Tile, View, Widget};

inventory::submit! {
    Submitted { place: 90, panel: &Own }
}

/// What a part of telemetry shows of itself, submitted before `main`. Those with a lower place come
/// first; tiles come before all else.
pub(crate) struct Part {
    pub(crate) place: u32,
    pub(crate) view: fn() -> View,
}

inventory::collect!(Part);

#[cfg(not(all(feature = "otlp", not(reliability_loom))))]
inventory::submit! {
    Part { place: 50, view: not_built_in }
}

/// How telemetry itself does.
struct Own;

impl Panel for Own {
    fn id(&self) -> &'static str {
        "telemetry"
    }

    fn title(&self) -> &'static str {
        "Telemetry"
    }

    fn view(&self) -> View {
        let mut parts: Vec<&Part> = inventory::iter::<Part>.into_iter().collect();
        parts.sort_by_key(|part| part.place);
        together(parts.into_iter().map(|part| (part.view)()))
    }
}

#[cfg(not(all(feature = "otlp", not(reliability_loom))))]
fn not_built_in() -> View {
    let told = "Nothing goes to a collector: the program is built without the feature otlp. \
                This page needs none.";
    View::new(Standing::None, "nothing is exported").with(Widget::Note(told.into()))
}

fn together(parts: impl Iterator<Item = View>) -> View {
    let mut standing = Standing::Ok;
    let (mut tiles, mut others) = (Vec::new(), Vec::new());
    let mut told: Vec<String> = Vec::new();
    for part in parts {
        standing = standing.max(part.standing);
        if !part.summary.is_empty() {
            told.push(part.summary.into_owned());
        }
        for widget in part.widgets {
            match widget {
                Widget::Tiles(more) => tiles.extend(more),
                other => others.push(other),
            }
        }
    }
    let wanting: Vec<&Tile> = tiles.iter().filter(|tile| tile.standing >= Standing::Warn).collect();
    standing = wanting.iter().map(|tile| tile.standing).fold(standing, Standing::max);
    if !wanting.is_empty() {
        let names: Vec<&str> = wanting.iter().map(|tile| &*tile.title).collect();
        told.push(alloc::format!("look at: {}", names.join(", ").to_lowercase()));
    }
    let view = View::new(standing, told.join("; ")).with(Widget::Tiles(tiles));
    others.into_iter().fold(view, View::with)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::dashboard::{Number, Table};

    #[test]
    fn what_wants_a_look_is_named() {
        let tiles = |title: &'static str, standing| {
            let tile = Tile::new(title, Number::Count(1)).standing(standing);
            View::new(Standing::None, "").with(Widget::Tiles([tile].into()))
        };
        let exported = |standing, told: &'static str| {
            let table = Table::new("Export", Vec::new(), "");
            View::new(standing, told).with(Widget::Table(table))
        };
        let well = tiles("Traces kept", Standing::Ok);
        let nothing = exported(Standing::None, "nothing is exported");
        let view = together([nothing, well.clone()].into_iter());
        assert_eq!((view.standing, &*view.summary), (Standing::Ok, "nothing is exported"));
        assert!(matches!(view.widgets[..], [Widget::Tiles(_), Widget::Table(_)]), "{view:?}");

        let full = tiles("Series limit hit", Standing::Warn);
        let all = exported(Standing::Ok, "all is exported");
        let view = together([well, full.clone(), all].into_iter());
        let told = "all is exported; look at: series limit hit";
        assert_eq!((view.standing, &*view.summary), (Standing::Warn, told));
        let logs = exported(Standing::Bad, "not exported: logs");
        assert_eq!(together([full, logs].into_iter()).standing, Standing::Bad);
    }
}
