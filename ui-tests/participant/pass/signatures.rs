//! Handlers of all shapes, of blocks of all shapes.
#![deny(warnings)]

use reliability::distributed::transaction::choreography::{Participant, participant};
use reliability::distributed::transaction::saga::{Attempt, Cx, Outcome, Transient, saga};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub struct Order {
    pub id: u64,
    pub pieces: (u32, u32),
}

#[saga(input = Order, refuse = String, choreographed)]
pub enum Match {
    #[step]
    r#Type(u32),
    #[step]
    Loop([u8; 2]),
    #[pivot]
    Charged(String),
    #[then]
    Mailed(()),
}

/// A name that is a word of the language, and handlers that have such names.
struct r#Async;

#[participant(Match)]
impl r#Async {
    #[on(start => Type, undo = r#yield)]
    async fn r#type(&self, _: &Cx, Order { id, .. }: &Order) -> Result<u32, Outcome<String>> {
        if *id == 0 { Err(Outcome::Rejected("no order".into())) } else { Ok(1) }
    }

    async fn r#yield(&self, _: &Cx, _: &Order, _: Attempt<'_, u32>) -> Result<(), Transient> {
        Ok(())
    }

    /// What is destructured, what must be used, and a lifetime at references.
    #[must_use]
    #[on(r#Type, Loop => Charged)]
    async fn r#match<'a>(
        &'a self,
        cx: &'a Cx,
        &Order { id, pieces: (first, mut second) }: &'a Order,
        &stock: &'a u32,
        [left, _]: &'a [u8; 2],
    ) -> Result<String, Outcome<String>> {
        second += stock + u32::from(*left);
        Ok(format!("{id} {first} {second} {}", cx.attempt()))
    }
}

/// Of constants, of lifetimes, and of types with conditions.
struct Shelf<'a, S, const N: usize> {
    label: &'a str,
    store: S,
}

#[participant(Match, name = "shelf")]
impl<S, const N: usize> Shelf<'static, S, N>
where
    S: AsRef<[u8; N]> + Send + Sync + 'static,
{
    const FIRST: usize = 0;

    #[on(start => Loop, undo = none("it only looks"))]
    async fn look(&self, _: &Cx, _: &Order) -> Result<[u8; 2], Outcome<String>> {
        let first = self.store.as_ref().get(Self::FIRST).copied();
        first.map(|it| [it; 2]).ok_or_else(|| Outcome::Rejected(self.label.into()))
    }
}

/// In another build, somebody else.
struct Mail;

#[participant(Match)]
#[cfg(any())]
impl Mail {
    #[on(Charged => Mailed)]
    async fn post(&self, _: &Cx, _: &Order, _: &String) -> Result<(), Transient> {
        nobody::has_this()
    }
}

#[participant(Match)]
#[cfg(not(any()))]
impl Mail {
    #![allow(clippy::unused_async, reason = "it waits for nobody")]

    #[on(Charged => Mailed)]
    async fn send(&self, _: &Cx, _: &Order, _: &String) -> Result<(), Transient> {
        Ok(())
    }
}

macro_rules! listens {
    ($who:ty, $order:ty, $receipt:ty, $($event:ident)+) => {
        #[participant(Match)]
        impl $who {
            #[on($($event),+)]
            async fn listen(&self, _: &Cx, _: &$order, _: &$receipt) -> Result<(), Transient> {
                Ok(())
            }
        }
    };
}

struct Books;
listens!(Books, Order, String, Charged);

fn main() {
    struct Inside;

    #[participant(Match)]
    impl Inside {
        #[on(Mailed)]
        async fn look(&self, _: &Cx, _: &Order, (): &()) -> Result<(), Transient> {
            Ok(())
        }
    }

    let names = |links: &[reliability::distributed::transaction::choreography::Link]| {
        links.iter().map(|it| it.handler()).collect::<Vec<_>>().join(" ")
    };
    type Bytes = Shelf<'static, Vec2, 2>;
    assert_eq!(<r#Async as Participant<Match>>::NAME, "async");
    assert_eq!(names(<r#Async as Participant<Match>>::LINKS), "type match");
    assert_eq!(names(<Bytes as Participant<Match>>::LINKS), "look");
    assert_eq!(names(<Mail as Participant<Match>>::LINKS), "send");
    assert_eq!(<Books as Participant<Match>>::NAME, "books");
    assert_eq!(<Inside as Participant<Match>>::NAME, "inside");
    let _ = (Async, Bytes { label: "tea", store: Vec2([1, 2]) }, Mail, Books, Inside);
}

struct Vec2([u8; 2]);

impl AsRef<[u8; 2]> for Vec2 {
    fn as_ref(&self) -> &[u8; 2] {
        &self.0
    }
}
