//! Agree with other processes: on what has happened, and on what happens next.
//!
//! | module | what it is for |
//! |---|---|
//! | [`transaction`] | work over several services that happens as a whole or not at all |
//! | `sim` | a world made up from a seed, in which protocols are tried |

#[cfg(feature = "sim")]
pub mod sim;
pub mod transaction;
