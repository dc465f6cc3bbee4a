//! What error monitors have counted. They are below this layer, and so are asked from here.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::catalogue::{ERROR_EVICTIONS, ERROR_GROUPS, ERRORS};
use super::{Collection, Declared};
use crate::error::monitor::monitors;
use crate::telemetry::Attribute;

inventory::submit! { Declared::new(&observe) }

fn observe(into: &mut Collection) {
    for monitor in monitors() {
        let now = monitor.snapshot();
        let of =
            || Vec::from([Attribute::new("reliability.error_monitor.name", now.name.to_string())]);
        into.counter(&ERRORS, of(), now.recorded);
        into.up_down_counter(&ERROR_GROUPS, of(), now.groups.len() as i64);
        into.counter(&ERROR_EVICTIONS, of(), now.evicted);
    }
}
