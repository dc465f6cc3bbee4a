//! Views as the page reads them.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::layout::{Placed, place};
use super::{Chart, Content, Map, Number, Panel, Row, Table, Tile, TraceView, Unit, View, Widget};

/// One panel with what it shows. Actions are left out where nobody may do anything.
pub(super) fn panel(panel: &dyn Panel, view: &View, with_actions: bool) -> Value {
    let widgets: Vec<Value> = view.widgets.iter().map(|it| widget(it, with_actions)).collect();
    json!({
        "id": panel.id(),
        "title": panel.title(),
        "standing": view.standing.as_str(),
        "summary": view.summary,
        "widgets": widgets,
    })
}

fn widget(widget: &Widget, with_actions: bool) -> Value {
    match widget {
        Widget::Tiles(tiles) => json!({ "kind": "tiles", "tiles": all(tiles, tile) }),
        Widget::Table(it) => table(it, with_actions),
        Widget::Chart(it) => chart(it),
        Widget::Traces(traces) => json!({
            "kind": "traces",
            "traces": all(traces, trace),
            "empty": "No trace was kept yet.",
        }),
        Widget::Map(it) => map(it),
        Widget::Note(text) => json!({ "kind": "note", "text": text }),
    }
}

fn all<T>(items: &[T], one: impl Fn(&T) -> Value) -> Vec<Value> {
    items.iter().map(one).collect()
}

fn content(content: &Content) -> (Value, &'static str) {
    match content {
        Content::Nothing => (Value::Null, "text"),
        Content::Text(text) => (json!(text), "text"),
        Content::Number(Number::Count(count)) => (json!(count), "count"),
        Content::Number(Number::Rate(rate)) => (json!(rate), "rate"),
        Content::Number(Number::Share(share)) => (json!(share), "percent"),
        Content::Number(Number::Duration(duration)) => (json!(duration.as_secs_f64()), "duration"),
        Content::Number(Number::Times(times)) => (json!(times), "times"),
        Content::Number(Number::Plain(number)) => (json!(number), "number"),
    }
}

fn tile(tile: &Tile) -> Value {
    let (value, form) = content(&tile.value);
    json!({
        "title": tile.title,
        "value": value,
        "form": form,
        "standing": tile.standing.as_str(),
        "hint": tile.hint,
    })
}

fn table(table: &Table, with_actions: bool) -> Value {
    let columns = all(
        &table.columns,
        |column| json!({ "title": column.title, "align": if column.numeric { "number" } else { "text" } }),
    );
    json!({
        "kind": "table",
        "head": table.head,
        "columns": columns,
        "rows": all(&table.rows, |it| row(it, with_actions)),
        "empty": table.empty,
    })
}

fn row(row: &Row, with_actions: bool) -> Value {
    let cells = all(&row.cells, |cell| {
        let (value, form) = content(&cell.content);
        let standing = (cell.standing != super::Standing::None).then(|| cell.standing.as_str());
        json!({ "value": value, "form": form, "standing": standing, "points": cell.history })
    });
    let actions = if with_actions { row.actions.as_slice() } else { &[] };
    let actions = all(
        actions,
        |action| json!({ "id": action.id, "title": action.title, "describe": action.describe }),
    );
    let facts = all(&row.facts, |(name, value)| {
        let (value, form) = content(value);
        json!({ "name": name, "value": value, "form": form })
    });
    json!({
        "id": row.id,
        "title": row.title,
        "subtitle": row.subtitle,
        "cells": cells,
        "facts": facts,
        "actions": actions,
    })
}

fn chart(chart: &Chart) -> Value {
    let form = match chart.unit {
        Unit::Rate => "rate",
        Unit::Share => "percent",
        Unit::Seconds => "duration",
        Unit::Times => "times",
        Unit::Plain => "number",
    };
    let finite = |points: &[(f64, f64)]| -> Vec<(f64, f64)> {
        points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite()).collect()
    };
    let series = all(
        &chart.series,
        |series| json!({ "title": series.title, "points": finite(&series.points) }),
    );
    let limits: Vec<Value> = chart
        .limits
        .iter()
        .filter(|(_, value)| value.is_finite())
        .map(|(title, value)| json!({ "title": title, "value": value }))
        .collect();
    json!({
        "kind": "chart",
        "title": chart.title,
        "describe": chart.describe,
        "form": form,
        "series": series,
        "limits": limits,
        "empty": chart.empty,
    })
}

fn trace(trace: &TraceView) -> Value {
    let spans = all(&trace.spans, |span| {
        let facts: Vec<(String, String)> =
            span.attributes.iter().map(|it| (it.key.to_string(), it.value.to_string())).collect();
        json!({
            "title": span.title,
            "depth": span.depth,
            "start": span.start.as_secs_f64(),
            "duration": span.duration.as_secs_f64(),
            "failed": span.failed,
            "facts": facts,
            "events": all(&span.events, |event| {
                json!({ "at": event.at.as_secs_f64(), "title": event.title })
            }),
        })
    });
    json!({
        "id": trace.id,
        "title": trace.title,
        "state": trace.state,
        "standing": trace.standing.as_str(),
        "at": trace.at,
        "duration": trace.duration.as_secs_f64(),
        "kept_by": trace.kept_by,
        "spans": spans,
    })
}

fn map(map: &Map) -> Value {
    let placed: BTreeMap<&str, Placed> = place(map);
    let nodes: Vec<Value> = map
        .nodes
        .iter()
        .filter_map(|node| {
            let Placed { column, row } = placed.get(node.id.as_str())?;
            Some(json!({
                "id": node.id,
                "title": node.id,
                "subtitle": node.subtitle,
                "standing": node.standing.as_str(),
                "column": column,
                "row": row,
            }))
        })
        .collect();
    let known = |id: &str| placed.contains_key(id);
    let edges: Vec<Value> = map
        .edges
        .iter()
        .filter(|edge| known(&edge.from) && known(&edge.to))
        .map(|edge| {
            json!({
                "from": edge.from,
                "to": edge.to,
                "title": edge.title,
                "standing": edge.standing.as_str(),
            })
        })
        .collect();
    json!({
        "kind": "map",
        "describe": map.describe,
        "nodes": nodes,
        "edges": edges,
        "empty": format!("Nobody has called anybody yet."),
    })
}
