use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::{Map, Value};

use super::Standing;
use crate::distributed::transaction::two_phase::TransactionId;
use crate::distributed::transaction::{Decision, Members, Vote};
use crate::error::Invalid;

/// A message with all that its receiver has to know, who may have been dead meanwhile.
///
/// # Examples
///
/// As text, for whatever carries it:
///
/// ```
/// use reliability::distributed::transaction::three_phase::{Envelope, Message};
/// use reliability::distributed::transaction::two_phase::TransactionId;
///
/// let asks = Envelope {
///     transaction: TransactionId::new("order-1")?,
///     coordinator: "orders".into(),
///     members: vec!["stock".into(), "money".into()],
///     from: "orders".into(),
///     to: "money".into(),
///     message: Message::Ask("{\"cents\":299}".into()),
/// };
/// assert_eq!(Envelope::from_json(&asks.to_json())?, asks);
/// assert!(Envelope::from_json("{}").is_err());
/// # Ok::<(), reliability::error::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Which transaction it is about.
    pub transaction: TransactionId,
    /// Who coordinates it.
    pub coordinator: String,
    /// Who takes part, in their order.
    pub members: Vec<String>,
    /// Who says it.
    pub from: String,
    /// Whom it is for.
    pub to: String,
    /// What is said.
    pub message: Message,
}

/// What coordinators and participants say to each other.
///
/// # Examples
///
/// See [`Envelope`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message {
    /// Do that, and vote.
    Ask(String),
    /// A vote.
    Vote(Vote),
    /// All have voted yes.
    PreCommit,
    /// That is known now.
    Acknowledge,
    /// How it ends.
    Tell(Decision),
    /// How far have you got?
    Survey,
    /// So far.
    Stand(Standing),
    /// All have voted yes, says who goes on without the coordinator.
    CatchUp,
    /// How has it ended?
    Inquire,
    /// So, or this was known before the crash.
    Report(Standing),
}

const WORDS: [(&str, Message); 5] = [
    ("pre_commit", Message::PreCommit),
    ("acknowledge", Message::Acknowledge),
    ("survey", Message::Survey),
    ("catch_up", Message::CatchUp),
    ("inquire", Message::Inquire),
];

const VOTES: [(&str, Vote); 3] =
    [("yes", Vote::Yes), ("read_only", Vote::ReadOnly), ("no", Vote::No)];

impl Envelope {
    /// As JSON.
    pub fn to_json(&self) -> String {
        let (word, said) = match &self.message {
            Message::Ask(work) => ("ask", Some(work.clone())),
            Message::Vote(vote) => {
                ("vote", VOTES.iter().find(|it| it.1 == *vote).map(|it| it.0.to_string()))
            }
            Message::Tell(decision) => {
                ("tell", Some(Standing::Ended(*decision).as_str().to_string()))
            }
            Message::Stand(standing) => ("stand", Some(standing.as_str().to_string())),
            Message::Report(standing) => ("report", Some(standing.as_str().to_string())),
            plain => (WORDS.iter().find(|it| it.1 == *plain).map_or("", |it| it.0), None),
        };
        let mut fields = Map::from_iter([
            ("transaction".to_string(), Value::from(self.transaction.as_str())),
            ("coordinator".to_string(), self.coordinator.clone().into()),
            ("members".to_string(), self.members.clone().into()),
            ("from".to_string(), self.from.clone().into()),
            ("to".to_string(), self.to.clone().into()),
            ("message".to_string(), word.into()),
        ]);
        if let Some(said) = said {
            fields.insert("said".to_string(), said.into());
        }
        Value::Object(fields).to_string()
    }

    /// From JSON.
    ///
    /// # Errors
    ///
    /// What [`to_json`](Self::to_json) has not written.
    pub fn from_json(text: &str) -> Result<Self, Invalid> {
        Self::read(text).ok_or_else(|| {
            let got: String = text.chars().take(80).collect();
            Invalid::new("three_phase", "message", "one that `Envelope::to_json` has written", got)
                .with_advice("hand over the whole text, and have the same version on both sides")
        })
    }

    fn read(text: &str) -> Option<Self> {
        let mut fields: Map<String, Value> = serde_json::from_str(text).ok()?;
        let mut take = |name: &str| match fields.remove(name)? {
            Value::String(text) => Some(text),
            _ => None,
        };
        let (transaction, coordinator) = (take("transaction")?, take("coordinator")?);
        let (from, to, word) = (take("from")?, take("to")?, take("message")?);
        let message = match (word.as_str(), take("said")) {
            ("ask", Some(work)) => Message::Ask(work),
            ("vote", Some(vote)) => Message::Vote(VOTES.into_iter().find(|it| it.0 == vote)?.1),
            ("tell", Some(decision)) => match Standing::from_name(&decision)? {
                Standing::Ended(decision) => Message::Tell(decision),
                _ => return None,
            },
            ("stand", Some(standing)) => Message::Stand(Standing::from_name(&standing)?),
            ("report", Some(standing)) => Message::Report(Standing::from_name(&standing)?),
            (word, None) => WORDS.into_iter().find(|it| it.0 == word)?.1,
            _ => return None,
        };
        let Some(Value::Array(members)) = fields.remove("members") else { return None };
        let members: Option<Vec<String>> =
            members.into_iter().map(|it| it.as_str().map(ToString::to_string)).collect();
        let (transaction, members) = (TransactionId::new(&transaction).ok()?, members?);
        Members::first(members.len()).ok()?;
        Some(Self { transaction, coordinator, members, from, to, message })
    }
}
