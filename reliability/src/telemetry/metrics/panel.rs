//! The metrics on the page of `telemetry::dashboard`.

use alloc::format;
use alloc::vec::Vec;

use super::conflict::{Trouble, so_far};
use crate::telemetry::dashboard::{Number, Part, Standing, Tile, View, Widget};

inventory::submit! {
    Part { place: 30, view }
}

fn view() -> View {
    View::new(Standing::None, "").with(Widget::Tiles(shown(&so_far())))
}

fn shown(trouble: &Trouble) -> Vec<Tile> {
    let names: Vec<&str> = trouble.overflowed.iter().copied().collect();
    let full = match names.as_slice() {
        [] => "no metric has too many series".into(),
        [name] => format!("{name}: all beyond it count as one"),
        [first, others @ ..] => {
            format!("{first}, and {} more: all beyond it count as one", others.len())
        }
    };
    let Trouble { conflicts, panics, .. } = *trouble;
    let standing = |count: u64| if count == 0 { Standing::Ok } else { Standing::Warn };
    let count = names.len() as u64;
    let left_out = match (conflicts, panics) {
        (0, 0) => "each has a name of its own".into(),
        _ => format!("{conflicts} had the name of another one, {panics} sources panicked"),
    };
    Vec::from([
        Tile::new("Series limit hit", Number::Count(count)).standing(standing(count)).hint(full),
        Tile::new("Metrics left out", Number::Count(conflicts + panics))
            .standing(standing(conflicts + panics))
            .hint(left_out),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_and_counted() {
        let mut trouble = Trouble::none();
        fn standings(trouble: &Trouble) -> Vec<Standing> {
            shown(trouble).iter().map(|tile| tile.standing).collect()
        }
        assert_eq!(standings(&trouble), [Standing::Ok; 2]);
        trouble.overflowed.insert("shop.answers");
        assert_eq!(standings(&trouble), [Standing::Warn, Standing::Ok]);
        trouble.overflowed.insert("shop.visits");
        trouble.panics = 2;
        let tiles = shown(&trouble);
        let hint = tiles[0].hint.as_deref();
        assert_eq!(hint, Some("shop.answers, and 1 more: all beyond it count as one"));
        assert_eq!(tiles[1].value, Number::Count(2).into());
        assert_eq!(standings(&trouble), [Standing::Warn; 2]);
    }
}
