//! What is done for each verb.

use std::collections::HashSet;
use std::error::Error;
use std::io::{self, Write};
use std::time::Duration;

use reliability::distributed::transaction::two_phase::{self, TransactionId};
use reliability::distributed::transaction::{choreography, operator, saga, tcc, three_phase};
use reliability::error::Invalid;
use reliability::journal::{Head, Journal, JournalError, StreamId};
use reliability::time::WallClock;
use serde_json::Value;

use crate::arguments::{Arguments, Mend, Picture, Verb, Which};
use crate::kind::{Kind, SITE};
use crate::seen::Seen;
use crate::{doubt, journal, json};

type Done = Result<(), Box<dyn Error>>;

pub(crate) async fn run(arguments: &Arguments) -> Done {
    let journal = journal::open(&arguments.journal).await?;
    match &arguments.verb {
        Verb::Definitions => definitions(&journal, arguments.json).await,
        Verb::List { kind, which } => {
            let heads = wanted(&journal, kind.as_deref(), which).await?;
            match arguments.json {
                true => say(Value::from_iter(heads.iter().map(|(kind, it)| json::head(*kind, it)))),
                false => list(&heads),
            }
        }
        Verb::InDoubt { kind, participant } => {
            let kind = kind.as_deref().unwrap_or(two_phase::Operator::KIND);
            let (name, doubts) = doubt::at(&journal, kind, participant).await?;
            if arguments.json {
                return say(Value::from_iter(
                    doubts.iter().map(|doubt| json::in_doubt(kind, &name, doubt)),
                ));
            }
            if doubts.is_empty() {
                return say("none");
            }
            doubts.iter().try_for_each(|doubt| say(doubt::told(kind, doubt)))
        }
        Verb::Show { stream, picture: Some(picture) } => draw(&journal, stream, *picture).await,
        Verb::Show { stream, picture: None } => {
            let seen = Seen::of(&journal, stream).await?;
            if arguments.json { say(seen.json) } else { say(seen.text.trim_end()) }
        }
        Verb::Watch { stream } => watch(&journal, stream, arguments.json).await,
        Verb::Mend { stream, by, why, how } => {
            let kind = Kind::of(&journal, stream.kind()).await?;
            kind.check(stream, how.verb())?;
            let mended = mend(&journal, (kind, stream), by, why, how).await;
            mended.map_err(|error| told(error, stream))?;
            match arguments.json {
                true => say(Seen::of(&journal, stream).await?.json),
                false => say(format_args!("{stream}: done, and written down as by {by}")),
            }
        }
    }
}

async fn definitions(journal: &Journal, as_json: bool) -> Done {
    let plans = saga::Operator::on(journal).definitions().await?;
    if as_json {
        return say(Value::from_iter(plans.iter().map(|plan| json::plan(plan))));
    }
    plans.iter().try_for_each(|plan| {
        let steps: Vec<_> = plan.steps().iter().map(|step| step.name()).collect();
        say(format_args!("{}@{}  {}", plan.name(), plan.version(), steps.join(" ")))
    })
}

/// Those of that kind that are asked for; the oldest change first.
pub(crate) async fn wanted(
    journal: &Journal,
    name: Option<&str>,
    which: &Which,
) -> Result<Vec<(Kind, Head)>, Box<dyn Error>> {
    match which {
        Which::All => heads(journal, name, None).await,
        Which::With(status) => heads(journal, name, Some(status)).await,
        Which::Attention => {
            let mut heads = heads(journal, name, None).await?;
            let now = WallClock::system().now();
            heads.retain(|(kind, head)| kind.needs_somebody(head, now));
            Ok(heads)
        }
    }
}

/// Those of that kind and status, or of all; the oldest change first.
pub(crate) async fn heads(
    journal: &Journal,
    name: Option<&str>,
    status: Option<&str>,
) -> Result<Vec<(Kind, Head)>, Box<dyn Error>> {
    let kind = match name {
        Some(name) => Some(Kind::of(journal, name).await?),
        None => None,
    };
    let wanted = |of: Kind| kind.is_none_or(|kind| kind == of);
    let mut found = Vec::new();
    if wanted(Kind::Saga) {
        let operator = saga::Operator::on(journal);
        let heads = operator.list(name, status).await?;
        if let Some(saga) = name.filter(|_| heads.is_empty()) {
            known(&operator, saga).await?;
        }
        found.extend(heads.into_iter().map(|head| (Kind::Saga, head)));
    }
    if wanted(Kind::Tcc) {
        let heads = tcc::Operator::on(journal).list(status).await?;
        found.extend(heads.into_iter().map(|head| (Kind::Tcc, head)));
    }
    let names = match name {
        Some(name) => Vec::from([name.to_string()]),
        None => operator::kinds(journal).await?,
    };
    for name in &names {
        let kind = match kind {
            Some(kind) => Some(kind),
            None => Kind::found(journal, name).await?,
        };
        let heads = match kind {
            Some(kind @ Kind::TwoPhase) => {
                let operator = two_phase::Operator::on(journal).kind(name);
                (kind, operator.list(status).await?)
            }
            Some(kind @ Kind::ThreePhase) => {
                let operator = three_phase::Operator::on(journal).kind(name);
                (kind, operator.list(status).await?)
            }
            Some(kind @ Kind::Choreography) => {
                let operator = choreography::Operator::on(journal);
                (kind, operator.list(Some(name), status).await?)
            }
            Some(kind @ Kind::Site) => {
                let site = name.strip_prefix(SITE).unwrap_or(name);
                (kind, two_phase::Operator::on(journal).promises(site, status).await?)
            }
            Some(Kind::Saga | Kind::Tcc) | None => continue,
        };
        let (kind, heads) = heads;
        found.extend(heads.into_iter().map(|head| (kind, head)));
    }
    found.sort_by_key(|(_, head)| head.changed_at);
    Ok(found)
}

/// Whether there is such a saga at all. A list without a line must not mean that it was misspelt.
async fn known(operator: &saga::Operator, saga: &str) -> Done {
    let plans = operator.definitions().await?;
    let mut names: Vec<&str> = plans.iter().map(|plan| plan.name()).collect();
    names.dedup();
    match names.contains(&saga) {
        true => Ok(()),
        false if names.is_empty() => Err("this journal knows no saga yet".into()),
        false => Err(format!("`{saga}` is no saga here; there is: {}", names.join(", ")).into()),
    }
}

pub(crate) async fn mend(
    journal: &Journal,
    (kind, stream): (Kind, &StreamId),
    by: &str,
    why: &str,
    how: &Mend,
) -> Result<(), JournalError> {
    let sagas = saga::Operator::on(journal);
    // Who asks has seen to it that there is that verb.
    let no_such = || {
        let wrong = Invalid::new("reliability", "verb", "one that there is for it", how.verb());
        Err(JournalError::Invalid(wrong))
    };
    match kind {
        Kind::Saga => {}
        Kind::Tcc => {
            let (operator, id) = (tcc::Operator::on(journal), stream.key());
            return match how {
                Mend::Retry => operator.retry(id, by, why).await,
                Mend::Abandon => operator.abandon(id, by, why).await,
                Mend::Skip | Mend::Cancel | Mend::Edit { .. } | Mend::Finish { .. } => no_such(),
            };
        }
        Kind::TwoPhase => {
            let operator = two_phase::Operator::on(journal).kind(stream.kind());
            let id = TransactionId::new(stream.key())?;
            return match how {
                Mend::Abandon => operator.abandon(&id, by, why).await,
                Mend::Cancel => operator.cancel(&id, by, why).await,
                Mend::Retry => operator.retry(&id, by, why).await,
                Mend::Skip | Mend::Edit { .. } | Mend::Finish { .. } => no_such(),
            };
        }
        Kind::Choreography => {
            let operator = choreography::Operator::on(journal);
            let (name, key) = (stream.kind(), stream.key());
            return match how {
                Mend::Retry => operator.retry(name, key, by, why).await,
                Mend::Abandon => operator.abandon(name, key, by, why).await,
                Mend::Skip => operator.skip(name, key, by, why).await,
                Mend::Cancel | Mend::Edit { .. } | Mend::Finish { .. } => no_such(),
            };
        }
        Kind::ThreePhase | Kind::Site => return no_such(),
    }
    match how {
        Mend::Retry => sagas.retry(stream, by, why).await,
        Mend::Skip => sagas.skip(stream, by, why).await,
        Mend::Abandon => sagas.abandon(stream, by, why).await,
        Mend::Cancel => sagas.cancel(stream, by, why).await,
        Mend::Edit { input } => sagas.edit(stream, input, by, why).await,
        Mend::Finish { output } => sagas.finish(stream, output, by, why).await,
    }
}

fn told(error: JournalError, stream: &StreamId) -> Box<dyn Error> {
    match error {
        JournalError::Conflict { .. } => {
            format!("somebody else has just done something about `{stream}`; look at it again")
                .into()
        }
        error => error.into(),
    }
}

async fn draw(journal: &Journal, stream: &StreamId, picture: Picture) -> Done {
    if Kind::of(journal, stream.kind()).await? != Kind::Saga {
        return Err(format!(
            "`{stream}` is no saga: there is no picture of it, but a timeline; \
                            leave `--mermaid` and `--dot` out"
        )
        .into());
    }
    let shown = saga::Operator::on(journal).show(stream).await?;
    if !shown.is_defined {
        let (name, version) = (shown.plan.name(), shown.plan.version());
        return Err(format!(
            "there is no picture of `{stream}` yet: no engine has written down what version {version} of \
             {name} is made of; start one, or leave `--mermaid` and `--dot` out for what has happened"
        )
        .into());
    }
    match picture {
        Picture::Mermaid => say(shown.plan.mermaid(Some(&shown.progress)).trim_end()),
        Picture::Dot => say(shown.plan.dot(Some(&shown.progress)).trim_end()),
    }
}

async fn watch(journal: &Journal, stream: &StreamId, as_json: bool) -> Done {
    // What several streams say is not always put in its order in the order in which it is seen.
    let mut told = HashSet::new();
    loop {
        let seen = Seen::of(journal, stream).await?;
        for moment in &seen.timeline {
            if !told.insert((moment.stream.clone(), moment.sequence)) {
                continue;
            }
            match as_json {
                true => say(json::moment(moment))?,
                false => say(format_args!("{moment}"))?,
            }
        }
        if seen.is_over {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn list(heads: &[(Kind, Head)]) -> Done {
    if heads.is_empty() {
        return say("none");
    }
    let name = |head: &Head| head.stream.to_string();
    let width = heads.iter().map(|(_, head)| name(head).chars().count()).max().unwrap_or_default();
    for (_, head) in heads {
        let ago = WallClock::system().now().duration_since(head.changed_at).unwrap_or_default();
        let owner = head.held.as_ref().map(|held| format!(", by {}", held.owner));
        let (name, owner) = (name(head), owner.unwrap_or_default());
        say(format_args!("{name:<width$}  {:<12} {} ago{owner}", head.status, since(ago)))?;
    }
    Ok(())
}

/// As people say it.
fn since(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

/// A line on standard output. Who has stopped reading, as `head` does, has seen enough.
fn say(line: impl std::fmt::Display) -> Done {
    match writeln!(io::stdout().lock(), "{line}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        done => Ok(done?),
    }
}
