use alloc::string::String;
use alloc::vec::Vec;

use crate::telemetry::dashboard::{
    Level, Panel, Submitted, Table, Tile, View, Widget, connections,
};
use crate::telemetry::{log, metrics, trace};

inventory::submit! {
    Submitted { place: 90, panel: &Own }
}

/// How telemetry itself does: each part of it tells what it counts of itself.
struct Own;

impl Panel for Own {
    fn id(&self) -> &'static str {
        "telemetry"
    }

    fn title(&self) -> &'static str {
        "Telemetry"
    }

    fn view(&self) -> View {
        let tiles = [trace::tiles(), log::tiles(), metrics::tiles(), connections::tiles()].concat();
        of(tiles, exporters())
    }
}

/// How exporters do, in a level, a sentence and a table.
type Exporters = (Level, String, Table);

#[cfg(all(feature = "otlp", not(reliability_loom)))]
fn exporters() -> Exporters {
    crate::telemetry::otlp::table()
}

#[cfg(not(all(feature = "otlp", not(reliability_loom))))]
fn exporters() -> Exporters {
    let empty = "Nothing goes to a collector: the program is built without the feature otlp. \
                 This page needs none.";
    (Level::None, "nothing is exported".into(), Table::new("Export", Vec::new(), empty))
}

fn of(tiles: Vec<Tile>, (exported, mut summary, table): Exporters) -> View {
    let worst = tiles.iter().map(|tile| tile.level).max().unwrap_or_default();
    let wanting = tiles.iter().filter(|tile| tile.level >= Level::Warn);
    let wanting: Vec<&str> = wanting.map(|tile| &*tile.title).collect();
    if !wanting.is_empty() {
        summary += "; look at: ";
        summary += &wanting.join(", ").to_lowercase();
    }
    let level = worst.max(exported).max(Level::Ok);
    View::new(level, summary).with(Widget::Tiles(tiles)).with(Widget::Table(table))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::dashboard::Number;

    #[test]
    fn what_wants_a_look_is_named() {
        let table = || Table::new("Export", Vec::new(), "");
        let tile = |title: &'static str, level| Tile::new(title, Number::Count(1)).level(level);
        let well = [tile("Traces kept", Level::Ok)];
        let view = of(well.to_vec(), (Level::None, "nothing is exported".into(), table()));
        assert_eq!((view.level, &*view.summary), (Level::Ok, "nothing is exported"));

        let full = [well[0].clone(), tile("Series limit hit", Level::Warn)];
        let view = of(full.to_vec(), (Level::Ok, "all is exported".into(), table()));
        let told = "all is exported; look at: series limit hit";
        assert_eq!((view.level, &*view.summary), (Level::Warn, told));
        let view = of(full.to_vec(), (Level::Bad, "not exported: logs".into(), table()));
        assert_eq!(view.level, Level::Bad);
    }
}
