use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Debug;

use tracing::field::{Field, Visit};

use crate::telemetry::{Attribute, Value};

/// Fields of `tracing` as attributes, and the message beside them.
#[derive(Debug, Default)]
pub(super) struct Visited {
    pub(super) message: String,
    pub(super) attributes: Vec<Attribute>,
}

/// More fields than that are a mistake, and would fill the queue of an exporter.
const FIELDS: usize = 128;

impl Visited {
    fn add(&mut self, field: &Field, value: Value) {
        if field.name() == "message" {
            self.message = value.to_string();
        } else if self.attributes.len() < FIELDS {
            self.attributes.push(Attribute::new(field.name(), value));
        }
    }
}

impl Visit for Visited {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value.into());
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.add(field, value.to_string().into());
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.add(field, value.to_string().into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value.to_string().into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn core::error::Error + 'static)) {
        self.add(field, value.to_string().into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add(field, format!("{value:?}").into());
    }
}
