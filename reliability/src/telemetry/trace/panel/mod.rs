//! What was kept, on the page of `telemetry::dashboard`.

mod event;
mod kept;
mod map;
mod traces;
