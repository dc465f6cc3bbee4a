//~ `atomic` has room for 16 states, and `Wide` has 17
use reliability::state::StateMachine;

#[derive(StateMachine)]
#[machine(name = "wide", atomic)]
enum Wide {
    #[state(initial, to(B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q))]
    A,
    #[state(final)] B,
    #[state(final)] C,
    #[state(final)] D,
    #[state(final)] E,
    #[state(final)] F,
    #[state(final)] G,
    #[state(final)] H,
    #[state(final)] I,
    #[state(final)] J,
    #[state(final)] K,
    #[state(final)] L,
    #[state(final)] M,
    #[state(final)] N,
    #[state(final)] O,
    #[state(final)] P,
    #[state(final)] Q,
}

fn main() {}
