use alloc::vec::Vec;

use crate::json::Value;

/// Grafana's page is so wide.
const WIDTH: u32 = 24;

/// Panels side by side, as long as there is room.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) panels: Vec<Value>,
    x: u32,
    y: u32,
    /// How high the highest of the line is.
    height: u32,
}

impl Layout {
    pub(super) fn new() -> Self {
        Self { panels: Vec::new(), x: 0, y: 0, height: 0 }
    }

    /// A heading over all that follows.
    pub(super) fn heading(&mut self, title: &str) {
        self.turn();
        let panel = Value::object([
            ("type", "row".into()),
            ("title", title.into()),
            ("collapsed", false.into()),
            ("panels", Value::list([])),
        ]);
        self.add(WIDTH, 1, panel);
    }

    pub(super) fn add(&mut self, width: u32, height: u32, panel: Value) {
        if self.x + width > WIDTH {
            self.turn();
        }
        let place = Value::object([
            ("h", height.into()),
            ("w", width.into()),
            ("x", self.x.into()),
            ("y", self.y.into()),
        ]);
        let id = u32::try_from(self.panels.len()).unwrap_or(u32::MAX).saturating_add(1);
        let mut fields = Vec::from([("id", id.into()), ("gridPos", place)]);
        if let Value::Object(own) = panel {
            fields.extend(own);
        }
        self.panels.push(Value::Object(fields));
        self.x += width;
        self.height = self.height.max(height);
    }

    fn turn(&mut self) {
        self.y += self.height;
        (self.x, self.height) = (0, 0);
    }
}
