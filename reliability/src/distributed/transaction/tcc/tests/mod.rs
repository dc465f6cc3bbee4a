//! The tables, the engine on a journal, and thousands of schedules made up from seeds.

mod barriers;
mod engine;
mod hard;
mod machine;
#[cfg(feature = "sim")]
mod schedules;
