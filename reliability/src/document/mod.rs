//! Texts of settings: TOML, YAML and JSON as one tree, in which every value knows where it stands, and
//! what is wrong with them, told with line and column.

mod file;
mod json;
mod load_error;
mod mistake;
mod near;
mod toml;
mod tree;
mod yaml;

pub(crate) use file::WatchedFile;
pub(crate) use json::read as read_json;
pub use load_error::LoadError;
pub(crate) use mistake::{MISTAKES_MAX, Source, utf8};
pub use mistake::{Mistake, Mistakes};
pub(crate) use near::did_you_mean;
pub(crate) use toml::read as read_toml;
pub(crate) use tree::{Fault, Key, Node, Value};
pub(crate) use yaml::read as read_yaml;
#[cfg(feature = "sre")]
pub(crate) use yaml::read_all as read_yaml_documents;
