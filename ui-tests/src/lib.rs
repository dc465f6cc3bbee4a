//! The package of the compile tests; see the folders beside `src`.
