//! Each state has the part of the enum's generics that its data uses.
#![deny(warnings)]

use reliability::state::StateMachine;

#[derive(Debug, StateMachine)]
#[machine(name = "job", derive(Debug))]
enum Job<'a, T, E: std::fmt::Debug, const N: usize = 2>
where
    T: Clone + 'a,
{
    #[state(initial, to(Running))]
    Idle,
    #[state(to(Done, Failed, Running))]
    Running { input: &'a T, buffer: [u8; N] },
    #[state(final)]
    Done(Vec<T>),
    #[state(final, to(Idle))]
    Failed(E, Option<Box<Self>>),
}

fn main() {
    let input = 3_u8;
    let running = job::Typed::new(job::Idle).go(job::Running { input: &input, buffer: [0; 4] });
    let done = running.go(job::Done(vec![1_u8]));
    let done: Job<'_, u8, String, 4> = done.into();
    assert!(job::Idle::try_from(done).is_err());
    let mut job: Job<'_, u8, String> = job::Idle.into();
    assert!(job.try_go(Job::Failed("early".to_owned(), None)).is_err());
    assert_eq!(Job::<u8, u8>::TRANSITIONS.len(), 5);
}
