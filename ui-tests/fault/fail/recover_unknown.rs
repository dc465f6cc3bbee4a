//~ `reboot` is no action; write `nothing`, `retry`, `fall_back`, `restart`, `degrade` or `escalate`
use reliability::error::Fault;

#[derive(Debug, Fault)]
#[fault(transient, recover = reboot)]
struct Broken;

fn main() {}
