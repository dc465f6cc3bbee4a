//! The journal from outside.

mod crash;
