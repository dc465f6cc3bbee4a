//! Compile tests: one mistake per file, and what must compile.
