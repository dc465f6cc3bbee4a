//! Work over several services that happens as a whole or not at all, whatever crashes meanwhile.
