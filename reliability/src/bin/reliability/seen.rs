//! One transaction of whichever kind, as the verbs show it.

use std::error::Error;

use reliability::distributed::transaction::operator::Moment;
use reliability::distributed::transaction::two_phase::TransactionId;
use reliability::distributed::transaction::{choreography, saga, tcc, three_phase, two_phase};
use reliability::journal::{Head, Journal, StreamId};
use serde_json::Value;

use crate::json;
use crate::kind::{Kind, SITE};

/// One transaction.
pub(crate) struct Seen {
    /// For people.
    pub(crate) text: String,
    /// For programs.
    pub(crate) json: Value,
    pub(crate) timeline: Vec<Moment>,
    /// Whether nothing follows any more.
    pub(crate) is_over: bool,
}

impl Seen {
    /// What there is to know of that one now.
    pub(crate) async fn of(journal: &Journal, stream: &StreamId) -> Result<Self, Box<dyn Error>> {
        Ok(match Kind::of(journal, stream.kind()).await? {
            Kind::Saga => Self::saga(saga::Operator::on(journal).show(stream).await?),
            Kind::Tcc => Self::tcc(tcc::Operator::on(journal).show(stream.key()).await?),
            Kind::TwoPhase => {
                let operator = two_phase::Operator::on(journal).kind(stream.kind());
                Self::two_phase(operator.show(&TransactionId::new(stream.key())?).await?)
            }
            Kind::ThreePhase => {
                let operator = three_phase::Operator::on(journal).kind(stream.kind());
                let shown = operator.show(&TransactionId::new(stream.key())?).await?;
                Self::three_phase(stream, shown)
            }
            Kind::Site => {
                let site = stream.kind().strip_prefix(SITE).unwrap_or_default();
                let operator = two_phase::Operator::on(journal);
                Self::site(&operator.promise(site, &TransactionId::new(stream.key())?).await?)
            }
            Kind::Choreography => {
                let operator = choreography::Operator::on(journal);
                Self::choreography(operator.show(stream.kind(), stream.key()).await?)
            }
        })
    }

    fn saga(shown: saga::Shown) -> Self {
        let (text, json) = (shown.to_string(), json::saga(&shown));
        let is_over = ["completed", "rolled_back", "abandoned"].contains(&shown.progress.status);
        Self::new(text, json, (Kind::Saga, &shown.head), shown.timeline, is_over)
    }

    fn tcc(shown: tcc::Shown) -> Self {
        let (text, json) = (shown.to_string(), json::tcc(&shown));
        let is_over = ["over", "abandoned"].contains(&shown.head.status.as_str());
        Self::new(text, json, (Kind::Tcc, &shown.head), shown.timeline, is_over)
    }

    fn two_phase(shown: two_phase::Shown) -> Self {
        let (text, json) = (shown.to_string(), json::two_phase(&shown));
        let is_over = shown.head.status != "committed";
        Self::new(text, json, (Kind::TwoPhase, &shown.head), shown.timeline, is_over)
    }

    fn site(shown: &two_phase::ShownPromise) -> Self {
        let is_over = ["committed", "heuristic"].contains(&shown.head.status.as_str());
        let timeline = shown.timeline.clone();
        Self::new(shown.to_string(), Value::Null, (Kind::Site, &shown.head), timeline, is_over)
    }

    fn three_phase(stream: &StreamId, shown: three_phase::Shown) -> Self {
        let (text, json) = (shown.to_string(), json::three_phase(stream, &shown));
        let is_over = shown.seats.iter().filter_map(|seat| seat.head.as_ref());
        let is_over = is_over.map(|head| head.status.as_str()).all(json::is_over_at_a_site);
        Self { text, json, timeline: shown.timeline, is_over }
    }

    fn choreography(shown: choreography::Shown) -> Self {
        let (text, json) = (shown.to_string(), json::choreography(&shown));
        let is_over = ["done", "undone", "abandoned"].contains(&shown.status.as_str());
        Self { text, json, timeline: shown.timeline, is_over }
    }

    fn new(
        text: String,
        own: Value,
        (kind, head): (Kind, &Head),
        timeline: Vec<Moment>,
        is_over: bool,
    ) -> Self {
        let json = json::seen(kind, head, own, &timeline);
        Self { text, json, timeline, is_over }
    }
}
