//! Integration tests: public API only, one module per area.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "all of it is tests")]

mod across;
mod breaker;
mod bulkhead;
mod cached;
mod cancellation;
mod chaos;
mod config;
mod dashboard;
mod degrade;
mod error_monitor;
mod failed;
mod fault;
mod metrics;
mod operations;
mod overload;
mod policy;
mod prometheus;
mod prometheus_rules;
mod promises;
mod quiet;
mod rate_limit;
mod recorded;
mod registry;
mod replay;
mod resilient;
mod retry;
mod same_rules;
mod semantics;
mod shedding;
mod slo;
mod subscriber;
mod testing;
mod tidy;
mod tower;
mod traced;
