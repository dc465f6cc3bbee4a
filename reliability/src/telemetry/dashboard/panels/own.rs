use alloc::string::String;
use alloc::vec::Vec;

use crate::telemetry::dashboard::{
    Panel, Standing, Submitted, Table, Tile, View, Widget, connections,
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

/// How exporters do, in a standing, a sentence and a table.
type Exporters = (Standing, String, Table);

#[cfg(all(feature = "otlp", not(reliability_loom)))]
fn exporters() -> Exporters {
    crate::telemetry::otlp::table()
}

#[cfg(not(all(feature = "otlp", not(reliability_loom))))]
fn exporters() -> Exporters {
    let empty = "Nothing goes to a collector: the program is built without the feature otlp. \
                 This page needs none.";
    (Standing::None, "nothing is exported".into(), Table::new("Export", Vec::new(), empty))
}

fn of(tiles: Vec<Tile>, (exported, mut summary, table): Exporters) -> View {
    let worst = tiles.iter().map(|tile| tile.standing).max().unwrap_or_default();
    let wanting = tiles.iter().filter(|tile| tile.standing >= Standing::Warn);
    let wanting: Vec<&str> = wanting.map(|tile| &*tile.title).collect();
    if !wanting.is_empty() {
        summary += "; look at: ";
        summary += &wanting.join(", ").to_lowercase();
    }
    let standing = worst.max(exported).max(Standing::Ok);
    View::new(standing, summary).with(Widget::Tiles(tiles)).with(Widget::Table(table))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::dashboard::Number;

    #[test]
    fn what_wants_a_look_is_named() {
        let table = || Table::new("Export", Vec::new(), "");
        let tile =
            |title: &'static str, standing| Tile::new(title, Number::Count(1)).standing(standing);
        let well = [tile("Traces kept", Standing::Ok)];
        let view = of(well.to_vec(), (Standing::None, "nothing is exported".into(), table()));
        assert_eq!((view.standing, &*view.summary), (Standing::Ok, "nothing is exported"));

        let full = [well[0].clone(), tile("Series limit hit", Standing::Warn)];
        let view = of(full.to_vec(), (Standing::Ok, "all is exported".into(), table()));
        let told = "all is exported; look at: series limit hit";
        assert_eq!((view.standing, &*view.summary), (Standing::Warn, told));
        let view = of(full.to_vec(), (Standing::Bad, "not exported: logs".into(), table()));
        assert_eq!(view.standing, Standing::Bad);
    }
}
