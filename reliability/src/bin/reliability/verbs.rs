//! What is done for each verb.

use std::error::Error;
use std::io::{self, Write};
use std::time::Duration;

use reliability::distributed::transaction::saga::Operator;
use reliability::journal::{Head, JournalError, StreamId};
use reliability::time::WallClock;
use serde_json::Value;

use crate::arguments::{Arguments, Mend, Picture, Verb};
use crate::{journal, json};

type Done = Result<(), Box<dyn Error>>;

pub(crate) async fn run(arguments: &Arguments) -> Done {
    let journal = journal::open(&arguments.journal).await?;
    let operator = Operator::on(&journal);
    match &arguments.verb {
        Verb::Definitions => {
            let plans = operator.definitions().await?;
            match arguments.json {
                true => say(Value::from_iter(plans.iter().map(|plan| json::plan(plan)))),
                false => plans.iter().try_for_each(|plan| {
                    let steps: Vec<_> = plan.steps().iter().map(|step| step.name()).collect();
                    say(format_args!("{}@{}  {}", plan.name(), plan.version(), steps.join(" ")))
                }),
            }
        }
        Verb::List { saga, status } => {
            let heads = operator.list(saga.as_deref(), status.as_deref()).await?;
            if let Some(saga) = saga.as_deref().filter(|_| heads.is_empty()) {
                known(&operator, saga).await?;
            }
            match arguments.json {
                true => say(Value::from_iter(heads.iter().map(json::head))),
                false => list(&heads),
            }
        }
        Verb::Show { saga, picture } => show(&operator, saga, *picture, arguments.json).await,
        Verb::Watch { saga } => watch(&operator, saga, arguments.json).await,
        Verb::Mend { saga, by, why, how } => {
            mend(&operator, saga, by, why, how).await.map_err(|error| told(error, saga))?;
            match arguments.json {
                true => say(json::shown(&operator.show(saga).await?)),
                false => say(format_args!("{saga}: done, and written down as by {by}")),
            }
        }
    }
}

/// Whether there is such a saga at all. A list without a line must not mean that it was misspelt.
async fn known(operator: &Operator, saga: &str) -> Done {
    let plans = operator.definitions().await?;
    let mut names: Vec<&str> = plans.iter().map(|plan| plan.name()).collect();
    names.dedup();
    match names.contains(&saga) {
        true => Ok(()),
        false if names.is_empty() => Err("this journal knows no saga yet".into()),
        false => Err(format!("`{saga}` is no saga here; there is: {}", names.join(", ")).into()),
    }
}

async fn mend(
    operator: &Operator,
    saga: &StreamId,
    by: &str,
    why: &str,
    how: &Mend,
) -> Result<(), JournalError> {
    match how {
        Mend::Retry => operator.retry(saga, by, why).await,
        Mend::Skip => operator.skip(saga, by, why).await,
        Mend::Abandon => operator.abandon(saga, by, why).await,
        Mend::Cancel => operator.cancel(saga, by, why).await,
        Mend::Edit { input } => operator.edit(saga, input, by, why).await,
        Mend::Finish { output } => operator.finish(saga, output, by, why).await,
    }
}

fn told(error: JournalError, saga: &StreamId) -> Box<dyn Error> {
    match error {
        JournalError::Conflict { .. } => {
            format!("somebody else has just done something about `{saga}`; look at it again").into()
        }
        error => error.into(),
    }
}

async fn show(
    operator: &Operator,
    saga: &StreamId,
    picture: Option<Picture>,
    as_json: bool,
) -> Done {
    let shown = operator.show(saga).await?;
    match picture {
        Some(Picture::Mermaid) => say(shown.plan.mermaid(Some(&shown.progress)).trim_end()),
        Some(Picture::Dot) => say(shown.plan.dot(Some(&shown.progress)).trim_end()),
        None if as_json => say(json::shown(&shown)),
        None => say(shown.to_string().trim_end()),
    }
}

async fn watch(operator: &Operator, saga: &StreamId, as_json: bool) -> Done {
    let mut told = 0;
    loop {
        let shown = operator.show(saga).await?;
        for moment in shown.timeline.iter().skip(told) {
            match as_json {
                true => say(serde_json::json!({
                    "record": moment.sequence.get(),
                    "name": moment.name,
                    "text": moment.text,
                }))?,
                false => say(format_args!("{:>4}  {}", moment.sequence.get(), moment.text))?,
            }
        }
        told = shown.timeline.len();
        if ["completed", "rolled_back", "abandoned"].contains(&shown.progress.status) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn list(heads: &[Head]) -> Done {
    if heads.is_empty() {
        return say("none");
    }
    let name = |head: &Head| head.stream.to_string();
    let width = heads.iter().map(|head| name(head).chars().count()).max().unwrap_or_default();
    for head in heads {
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
