//! JSON for those who write a little of it by hand.

mod text;
#[cfg(all(feature = "sre", feature = "prometheus"))]
mod value;

pub(crate) use text::Text;
#[cfg(all(feature = "sre", feature = "prometheus"))]
pub(crate) use text::is_unseen;
#[cfg(all(feature = "sre", feature = "prometheus"))]
pub(crate) use value::Value;
