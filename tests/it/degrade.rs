//! Less for a while: what raises it, what follows it, and what comes back.

mod attribute;
mod burning;
mod elsewhere;
mod replayed;
