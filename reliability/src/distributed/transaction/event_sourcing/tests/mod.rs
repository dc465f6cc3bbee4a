mod account;
mod commands;
mod doubtful;
