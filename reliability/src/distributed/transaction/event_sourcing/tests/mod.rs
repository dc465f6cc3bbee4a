mod account;
mod commands;
mod crashes;
mod doubtful;
mod projections;
mod snapshots;
