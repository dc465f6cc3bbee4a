//! With parameters of all kinds, conditions, and names that are words of the language.
#![deny(warnings)]

use core::fmt::Debug;

use reliability::distributed::transaction::event_sourcing::{Aggregate, Events, given};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

trait Piece: Copy + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {}

impl Piece for u8 {}

#[derive(Aggregate)]
#[aggregate(
    command = Command<P>,
    event = r#Type<P, N>,
    refuse = [P; N],
    decide = Self::decided,
    initial = Heap::<P, N>::empty,
    crate = ::reliability
)]
struct Heap<P, const N: usize>
where
    P: Piece,
{
    pieces: Vec<P>,
    label: &'static str,
}

enum Command<P> {
    Put(P),
    Look,
}

#[derive(Debug, PartialEq, Events)]
#[events(kind = "heap", aggregate = Heap<P, N>)]
enum r#Type<P, const N: usize>
where
    P: Piece,
{
    #[event(apply = Heap::r#match)]
    Match(P),
    #[event(apply = Heap::looked, version = 2, upcast(1 => r#loop))]
    r#Loop(Seen<N>),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Seen<const N: usize>(u8);

fn r#loop<const N: usize>(old: u8) -> Seen<N> {
    Seen(old)
}

impl<P: Piece, const N: usize> Heap<P, N> {
    fn empty() -> Self {
        Self { pieces: Vec::new(), label: "heap" }
    }

    fn decided(&self, command: &Command<P>) -> Result<Vec<r#Type<P, N>>, [P; N]> {
        match command {
            Command::Put(piece) if self.pieces.len() == N => Err([*piece; N]),
            Command::Put(piece) => Ok(vec![Type::Match(*piece)]),
            Command::Look => Ok(vec![Type::Loop(r#loop(0))]),
        }
    }

    fn r#match(&mut self, piece: &P) {
        self.pieces.push(*piece);
    }

    fn looked(&mut self, seen: &Seen<N>) {
        assert_eq!((seen.0, self.label), (0, "heap"));
    }
}

/// What is asked is written, and what decides takes less than that.
#[derive(Default, Aggregate)]
#[aggregate(command = String, event = r#Move, refuse = (), decide = r#dyn)]
struct r#Box {
    words: usize,
}

#[derive(Debug, PartialEq, Events)]
#[events(kind = "box", aggregate = r#Box)]
enum r#Move {
    #[event(apply = said)]
    Said(usize),
}

fn said(it: &mut r#Box, words: &usize) {
    it.words += words;
}

fn r#dyn(_: &r#Box, words: &str) -> Result<Vec<Move>, ()> {
    if words.is_empty() { Err(()) } else { Ok(vec![Move::Said(words.len())]) }
}

fn main() {
    type Bytes = Heap<u8, 1>;
    let heap = given::<Bytes>([]).when(&Command::Put(7)).then([Type::Match(7)]);
    assert_eq!(heap.pieces, [7]);
    given::<Bytes>([Type::Match(7)]).when(&Command::Put(8)).then_refused(&[8]);
    let _ = given::<Bytes>([]).when(&Command::Look).then([Type::Loop(r#loop(0))]);
    assert_eq!(given::<r#Box>([]).when(&"tea".into()).then([Move::Said(3)]).words, 3);
}
