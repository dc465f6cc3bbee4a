//! The package of the integration tests; see `it/`.
