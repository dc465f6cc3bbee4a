//! What stands on the command line.

use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser};
use clap::{Arg, ArgAction, ArgMatches, Command};
use reliability::error::Invalid;
use reliability::journal::StreamId;

/// What is asked for, and of which journal.
pub(crate) struct Arguments {
    pub(crate) journal: String,
    pub(crate) json: bool,
    pub(crate) verb: Verb,
}

pub(crate) enum Verb {
    Definitions,
    List { kind: Option<String>, which: Which },
    InDoubt { kind: Option<String>, participant: String },
    Show { stream: StreamId, picture: Option<Picture> },
    Watch { stream: StreamId },
    Mend { stream: StreamId, by: String, why: String, how: Mend },
}

/// What is listed.
pub(crate) enum Which {
    All,
    /// What has that status.
    With(String),
    /// What somebody has to look at.
    Attention,
}

#[derive(Clone, Copy)]
pub(crate) enum Picture {
    Mermaid,
    Dot,
}

/// What lists say of sagas, of transactions by TCC, of two-phase and three-phase commits, and of
/// choreographies.
const STATUSES: [&str; 26] = [
    "running",
    "undoing",
    "trying",
    "committed",
    "confirm",
    "cancel",
    "telling",
    "working",
    "promised",
    "forced",
    "waiting",
    "pre-committed",
    "stuck",
    "parked",
    "broken",
    "elsewhere",
    "untold",
    "completed",
    "rolled_back",
    "done",
    "undone",
    "over",
    "aborted",
    "finished",
    "heuristic",
    "abandoned",
];

/// What is done about a transaction.
pub(crate) enum Mend {
    Retry,
    Skip,
    Abandon,
    Cancel,
    Edit { input: serde_json::Value },
    Finish { output: serde_json::Value },
}

impl Mend {
    /// As it stands on the command line.
    pub(crate) const fn verb(&self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Skip => "skip",
            Self::Abandon => "abandon",
            Self::Cancel => "cancel",
            Self::Edit { .. } => "edit",
            Self::Finish { .. } => "finish",
        }
    }
}

impl Arguments {
    /// From the command line; with a mistake in it, says so and ends the process.
    pub(crate) fn parse() -> Self {
        let mut command = command();
        let matches = command.get_matches_mut();
        Self::of(&matches).unwrap_or_else(|invalid| {
            command.error(clap::error::ErrorKind::ValueValidation, invalid).exit()
        })
    }

    fn of(matches: &ArgMatches) -> Result<Self, Invalid> {
        let journal = text(matches, "journal").unwrap_or_default();
        let (json, verb) = (matches.get_flag("json"), verb(matches)?);
        Ok(Self { journal, json, verb })
    }
}

fn verb(matches: &ArgMatches) -> Result<Verb, Invalid> {
    let Some((name, of)) = matches.subcommand() else { return Ok(Verb::Definitions) };
    let stream = || {
        StreamId::new(&text(of, "kind").unwrap_or_default(), &text(of, "key").unwrap_or_default())
    };
    Ok(match name {
        "list" => match text(of, "in-doubt") {
            Some(participant) => Verb::InDoubt { kind: text(of, "kind"), participant },
            None => {
                let which = match (of.get_flag("attention"), text(of, "status")) {
                    (true, _) => Which::Attention,
                    (false, Some(status)) => Which::With(status),
                    (false, None) => Which::All,
                };
                Verb::List { kind: text(of, "kind"), which }
            }
        },
        "show" => {
            let picture = match (of.get_flag("mermaid"), of.get_flag("dot")) {
                (true, _) => Some(Picture::Mermaid),
                (_, true) => Some(Picture::Dot),
                _ => None,
            };
            Verb::Show { stream: stream()?, picture }
        }
        "watch" => Verb::Watch { stream: stream()? },
        "definitions" => Verb::Definitions,
        name => {
            let how = match name {
                "retry" => Mend::Retry,
                "skip" => Mend::Skip,
                "abandon" => Mend::Abandon,
                "cancel" => Mend::Cancel,
                "edit" => Mend::Edit { input: json(of, "input")? },
                _ => Mend::Finish { output: json(of, "output")? },
            };
            let by = text(of, "by").unwrap_or_else(somebody);
            Verb::Mend { stream: stream()?, by, why: text(of, "why").unwrap_or_default(), how }
        }
    })
}

fn text(matches: &ArgMatches, name: &str) -> Option<String> {
    matches.get_one::<String>(name).cloned()
}

fn json(matches: &ArgMatches, name: &'static str) -> Result<serde_json::Value, Invalid> {
    let text = text(matches, name).unwrap_or_default();
    serde_json::from_str(&text).map_err(|error| {
        Invalid::new("reliability", name, "a value in JSON", format!("{text} ({error})"))
            .with_advice("a text stands in both kinds of quotes: '\"tea\"'")
    })
}

/// Who sits at the terminal.
fn somebody() -> String {
    let user = std::env::var("SUDO_USER").or_else(|_| std::env::var("USER"));
    user.ok().filter(|user| !user.is_empty()).unwrap_or_else(|| "somebody".into())
}

fn command() -> Command {
    let flag = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).action(ArgAction::SetTrue).help(help)
    };
    let journal = Arg::new("journal")
        .long("journal")
        .short('j')
        .env("RELIABILITY_JOURNAL")
        // It may hold a password.
        .hide_env_values(true)
        .global(true)
        .default_value("")
        .hide_default_value(true)
        .help("the journal: a file of SQLite, or postgres://..");
    Command::new("reliability")
        .about("What is going on in sagas and other transactions, and what to do about those that are stuck")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(journal)
        .arg(flag("json", "for programs: one JSON value on standard output").global(true))
        .subcommand(Command::new("definitions").about("The sagas of which something is known"))
        .subcommand(
            Command::new("list")
                .about("Transactions, the oldest change first")
                .arg(Arg::new("kind").help(
                    "only sagas or choreographies of that name; or `tcc`, `two_phase`, `three_phase`, or `two_phase.` and the name of a site",
                ))
                .arg(
                    Arg::new("status")
                        .long("status")
                        .short('s')
                        // A list without a line must mean that there is none, not that it was misspelt.
                        .value_parser(PossibleValuesParser::new(STATUSES))
                        .help("only those"),
                )
                .arg(
                    flag(
                        "attention",
                        "only what somebody has to look at: it is stuck, parked, broken or done against \
                         the decision, or has not come to its end for a minute after it was decided or \
                         promised",
                    )
                    .short('a')
                    .conflicts_with_all(["status", "in-doubt"]),
                )
                .arg(
                    Arg::new("in-doubt")
                        .long("in-doubt")
                        .value_name("NAME[=URL]")
                        .conflicts_with("status")
                        .help(
                            "what that participant of two-phase commits has promised and was not told \
                             how it ends: its name in the log, and its PostgreSQL; or a site, and the \
                             file of its journal unless it is this one",
                        ),
                ),
        )
        .subcommand(
            of_one(
                Command::new("show").about("One transaction: how far it is, and what has happened"),
            )
            .arg(flag("mermaid", "a saga as a picture in Mermaid's language").conflicts_with("dot"))
            .arg(flag("dot", "a saga as a picture in Graphviz's language")),
        )
        .subcommand(of_one(
            Command::new("watch").about("What happens in one transaction, as it happens"),
        ))
        .subcommand(mending("retry", "What is stuck is tried again, with all its attempts"))
        .subcommand(mending(
            "skip",
            "The undo of a saga that is stuck, or of a choreography that is parked, is taken for done: it \
             was done by hand",
        ))
        .subcommand(mending("abandon", "What is stuck is over, as it is"))
        .subcommand(mending("cancel", "A saga turns back, and what nobody has decided is aborted, as long as it can"))
        .subcommand(
            mending("edit", "What a stuck saga was started with is changed, and it tries again")
                .arg(value("input", "what it is started with from now on")),
        )
        .subcommand(
            mending("finish", "The step of a saga that is stuck is taken for done: it was done by hand")
                .arg(value("output", "what it has finished with")),
        )
}

fn of_one(command: Command) -> Command {
    command
        .arg(Arg::new("kind").required(true).help(
            "the name of the saga or choreography, place_order; or `tcc`, `two_phase`, \
                     `three_phase`",
        ))
        .arg(Arg::new("key").required(true).help("the key or id that it was begun with"))
}

fn mending(name: &'static str, about: &'static str) -> Command {
    of_one(Command::new(name).about(about))
        .arg(
            Arg::new("why")
                .long("why")
                .short('w')
                .required(true)
                .value_parser(NonEmptyStringValueParser::new())
                .help("why, for whoever looks at it next"),
        )
        .arg(Arg::new("by").long("by").help("who does it; who is logged in by default"))
}

fn value(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).required(true).value_name("JSON").help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of that command line, if it has a mistake.
    fn said(line: &str) -> Option<String> {
        let words = std::iter::once("reliability").chain(line.split(' '));
        let matches = match command().try_get_matches_from(words) {
            Ok(matches) => matches,
            Err(error) => return Some(error.to_string()),
        };
        Arguments::of(&matches).err().map(|invalid| invalid.to_string())
    }

    #[test]
    fn a_status_that_nothing_has_is_refused_and_a_broken_one_can_be_asked_for() {
        for status in STATUSES {
            assert_eq!(said(&format!("list --status {status}")), None);
        }
        let words = said("list --status stcuk").unwrap_or_default();
        assert!(words.contains("possible values: running, undoing, trying"), "{words}");
    }

    #[test]
    fn who_is_in_doubt_is_asked_by_name_and_instead_of_a_status() {
        assert_eq!(said("list two_phase --in-doubt here=postgres://localhost/bank"), None);
        let words = said("list --status stuck --in-doubt here=x").unwrap_or_default();
        assert!(words.contains("cannot be used with"), "{words}");
    }

    #[test]
    fn what_needs_somebody_is_asked_for_instead_of_a_status() {
        for line in ["list --attention", "list place_order -a"] {
            assert_eq!(said(line), None);
        }
        for other in ["--status stuck", "--in-doubt here=x"] {
            let words = said(&format!("list --attention {other}")).unwrap_or_default();
            assert!(words.contains("cannot be used with"), "{words}");
        }
    }

    #[test]
    fn what_is_no_json_is_refused_with_what_would_be() {
        assert_eq!(said("edit place_order 4711 --why typo --input 7"), None);
        let words = said("edit place_order 4711 --why typo --input tea").unwrap_or_default();
        assert!(words.contains("a value in JSON"), "{words}");
        assert!(words.contains("'\"tea\"'"), "{words}");
    }

    #[test]
    fn help_does_not_say_what_the_environment_holds() {
        let journal = command().get_arguments().find(|it| it.get_id() == "journal").cloned();
        assert!(journal.is_some_and(|journal| journal.is_hide_env_values_set()));
    }

    #[test]
    fn whoever_changes_something_says_why() {
        for verb in ["retry", "skip", "abandon", "cancel"] {
            assert_eq!(said(&format!("{verb} place_order 4711 --why tea")), None);
            let words = said(&format!("{verb} place_order 4711")).unwrap_or_default();
            assert!(words.contains("--why <why>"), "{words}");
        }
    }
}
