//~ did you mean `warning`?
use reliability::error::Fault;

#[derive(Fault)]
#[fault(permanent, severity = warnin)]
struct Gone;

fn main() {}
