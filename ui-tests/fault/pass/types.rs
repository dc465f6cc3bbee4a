//! Structs, defaults of an enum, generics, lifetimes, an enum without variants, another crate path.

use std::time::Duration;

use reliability::error::{Class, Fault, Severity};

#[derive(Fault)]
#[fault(permanent, severity = critical)]
struct Corrupt;

#[derive(Fault)]
#[fault(overloaded, retry_after = after)]
struct Busy<'a, T: Copy, const N: usize>
where
    T: Default,
{
    after: Duration,
    who: &'a [T; N],
}

#[derive(Fault)]
#[fault(source)]
struct Wrapped<E>(E);

#[derive(Fault)]
#[fault(transient, severity = info)]
enum Mostly {
    Lost,
    Late(u8),
    #[fault(permanent)]
    Refused,
}

#[derive(Fault)]
enum Never {}

mod elsewhere {
    pub use reliability as vendored;
}

#[derive(Fault)]
#[fault(transient, crate = crate::elsewhere::vendored)]
struct Elsewhere;

fn main() {
    assert_eq!((Corrupt.class(), Corrupt.severity()), (Class::Permanent, Severity::Critical));
    let busy = Busy { after: Duration::from_secs(1), who: &[1, 2] };
    assert_eq!((busy.retry_after(), busy.who.len()), (Some(Duration::from_secs(1)), 2));
    assert_eq!(Wrapped(Corrupt).severity(), Severity::Critical);
    assert_eq!((Mostly::Lost.class(), Mostly::Late(1).severity()), (Class::Transient, Severity::Info));
    assert_eq!((Mostly::Refused.class(), Mostly::Refused.severity()), (Class::Permanent, Severity::Info));
    assert_eq!(Elsewhere.class(), Class::Transient);
    let class_of_never: fn(&Never) -> Class = Never::class;
    assert_eq!(size_of_val(&class_of_never), size_of::<usize>());
}
