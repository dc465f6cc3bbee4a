//! What policies do when, replayed from tables.
//!
//! Other libraries have published, in their tests, what they hold to be right. Each suite here
//! restates those facts as tables - settings, events at times, and what is then to be seen - and
//! replays them against our policies on a clock that the table moves. A table reads
//!
//! ```text
//! table: A call that is cancelled gives its place among the probes back
//! from: nameOfTheirTest, nameOfAnother
//! same
//! with: probes=1 open_for=5s
//!   0s  trip        | open
//!   5s  begin a b   | refused half_open
//!   6s  a drop      | probes_admitted=0
//! ```
//!
//! A row is a time, an event, and behind the bar what is to be seen then: `key=value`, or a word
//! whose key the kind of policy knows (`open` is a state). `x3` behind an event repeats it. `with` at
//! the head of a file holds for all its tables, and a table adds to it.
//!
//! Where we differ on purpose, the table says `differs <word>: why`, and behind a second bar what the
//! others see: `| open | closed`. Our value must hold there, and theirs must not, so that a difference
//! that goes away is noticed. The chapter [`semantics`](reliability::guide::semantics) has a row
//! for each such word.
//!
//! Three more rules keep the tables honest: every test of a source is restated or left out with a
//! reason, no table holds when its events are not carried out, and no setting is left unread.

mod breaker;
mod bulkhead;
mod limits;
mod policy;
mod replay;
mod retry;
mod table;
mod tables;
mod tasks;
