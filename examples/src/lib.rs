//! What the examples share: the services that they call, and a simulated one.
//!
//! Nothing in here protects anything. What does stands in the examples themselves, beside `src`.

pub mod month;
pub mod overload;
pub mod process;
pub mod quickstart;
pub mod said;
pub mod storefront;
pub mod warehouse;
