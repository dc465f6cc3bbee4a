//! What the examples share: a shop, the service it depends on, and its visitors.
//!
//! Nothing in here protects anything. What does stands in the examples themselves, beside `src`.

pub mod storefront;
