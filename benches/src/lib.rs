//! The package of the benches; see `README.md`.
