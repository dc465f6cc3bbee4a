//! An order that five processes do together, each with a journal of its own.

use reliability::distributed::transaction::choreography::{
    Choreography, Link, choreography, participant,
};
use reliability::distributed::transaction::saga::{Attempt, Cx, Outcome, Transient, saga};

use crate::disk::Luck as _;
use crate::outside::World;

#[saga(input = u32, refuse = String, choreographed)]
#[derive(Debug)]
pub(super) enum PlaceOrder {
    #[step]
    Reserved(u32),
    #[step]
    Quoted(u32),
    #[pivot]
    Charged(String),
    #[then]
    Mailed(()),
}

/// What stands when an order is complete.
pub(super) const SERVICES: [&str; 3] = ["reserve", "charge", "mail"];

pub(super) struct Warehouse {
    pub(super) world: World,
    /// Its undo does nothing about what may have happened: a bug.
    pub(super) only_what_is_done: bool,
}

#[participant(PlaceOrder)]
impl Warehouse {
    #[on(start => Reserved, undo = release, backoff = constant("20ms"))]
    async fn reserve(&self, cx: &Cx, pieces: &u32) -> Result<u32, Outcome<String>> {
        let refuses = Some((60, "sold out".into()));
        self.world.act("reserve", cx.effect(), &[], refuses).await?;
        Ok(*pieces)
    }

    async fn release(&self, _: &Cx, _: &u32, pieces: Attempt<'_, u32>) -> Result<(), Transient> {
        let really = pieces.done().is_some() || !self.only_what_is_done;
        self.world.unact("reserve", really, &["charge"]).await
    }
}

pub(super) struct Pricing(pub(super) World);

#[participant(PlaceOrder)]
impl Pricing {
    #[on(start => Quoted, undo = none("read only"), backoff = constant("20ms"))]
    async fn quote(&self, _: &Cx, pieces: &u32) -> Result<u32, Outcome<String>> {
        self.0.pause().await;
        match self.0.often(60) {
            true => Err(Outcome::Rejected("not for sale".into())),
            false => Ok(pieces * 299),
        }
    }
}

pub(super) struct Card(pub(super) World);

#[participant(PlaceOrder)]
impl Card {
    /// It is parked soon, and somebody has to look at it.
    #[on(Reserved, Quoted => Charged, probe = find, retry = 2, backoff = constant("20ms"))]
    async fn charge(
        &self,
        cx: &Cx,
        _: &u32,
        _: &u32,
        cents: &u32,
    ) -> Result<String, Outcome<String>> {
        charge(&self.0, cx, *cents).await
    }

    async fn find(
        &self,
        _: &Cx,
        _: &u32,
        _: &u32,
        cents: &u32,
    ) -> Result<Option<String>, Transient> {
        Ok(self.0.find("charge").await?.then(|| paid(*cents)))
    }
}

/// Asks nobody before it charges again: a bug, because the bank knows no ids of effects.
pub(super) struct HastyCard(pub(super) World);

#[participant(PlaceOrder, name = "card")]
impl HastyCard {
    #[on(Reserved, Quoted => Charged, retry = 2, backoff = constant("20ms"))]
    async fn charge(
        &self,
        cx: &Cx,
        _: &u32,
        _: &u32,
        cents: &u32,
    ) -> Result<String, Outcome<String>> {
        charge(&self.0, cx, *cents).await
    }
}

async fn charge(world: &World, cx: &Cx, cents: u32) -> Result<String, Outcome<String>> {
    let refuses = Some((200, "no money".into()));
    world.act("charge", cx.effect(), &["reserve"], refuses).await?;
    Ok(paid(cents))
}

fn paid(cents: u32) -> String {
    format!("{cents} are paid")
}

pub(super) struct Mail(pub(super) World);

#[participant(PlaceOrder)]
impl Mail {
    #[on(Charged => Mailed, retry = 4, backoff = constant("20ms"))]
    async fn mail(&self, cx: &Cx, _: &u32, _: &String) -> Result<(), Transient> {
        let mailed = self.0.act::<()>("mail", cx.effect(), &["charge"], None).await;
        mailed.map_err(|why| Transient::new(format!("{why:?}")))
    }
}

choreography! {
    pub(super) Shop: PlaceOrder {
        elsewhere warehouse { on(start => Reserved) },
        elsewhere pricing { on(start => Quoted) },
        elsewhere card { on(Reserved, Quoted => Charged) },
        elsewhere mail { on(Charged => Mailed) },
        terminal Mailed,
    }
}

choreography! {
    pub(super) Stock: PlaceOrder {
        Warehouse,
        elsewhere pricing { on(start => Quoted) },
        elsewhere card { on(Reserved, Quoted => Charged) },
        elsewhere mail { on(Charged => Mailed) },
        terminal Mailed,
    }
}

/// It does not know that a charge is made of what it has reserved: a bug that no compiler sees, because
/// it is written by hand, and nobody checks it.
pub(super) enum MisinformedStock {}

impl Choreography for MisinformedStock {
    type Events = PlaceOrder;
    type Here = (Warehouse,);
    const ELSEWHERE: &'static [Link] = &[
        Link::of("pricing", "quote").makes(1).nothing_to_undo(),
        Link::of("card", "charge").hears(&[1]).makes(2).may_refuse(),
        Link::of("mail", "mail").hears(&[2]).makes(3),
    ];
    const TERMINAL: &'static [usize] = &[3];
}

choreography! {
    pub(super) Prices: PlaceOrder {
        Pricing,
        elsewhere warehouse { on(start => Reserved) },
        elsewhere card { on(Reserved, Quoted => Charged) },
        elsewhere mail { on(Charged => Mailed) },
        terminal Mailed,
    }
}

choreography! {
    pub(super) Cards: PlaceOrder {
        Card,
        elsewhere warehouse { on(start => Reserved) },
        elsewhere pricing { on(start => Quoted) },
        elsewhere mail { on(Charged => Mailed) },
        terminal Mailed,
    }
}

choreography! {
    pub(super) HastyCards: PlaceOrder {
        HastyCard,
        elsewhere warehouse { on(start => Reserved) },
        elsewhere pricing { on(start => Quoted) },
        elsewhere mail { on(Charged => Mailed) },
        terminal Mailed,
    }
}

choreography! {
    pub(super) Mails: PlaceOrder {
        Mail,
        elsewhere warehouse { on(start => Reserved) },
        elsewhere pricing { on(start => Quoted) },
        elsewhere card { on(Reserved, Quoted => Charged) },
        terminal Mailed,
    }
}
