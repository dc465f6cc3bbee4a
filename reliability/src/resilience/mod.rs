//! Keep one call alive.
