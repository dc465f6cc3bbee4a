//! Integration tests: public API only, one module per area.
