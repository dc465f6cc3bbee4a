//! A participant in a process of its own, behind a site on SQLite: it is killed with `kill -9` between
//! any two things that it does, and afterwards both sides have done the same.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use super::*;
use reliability::distributed::transaction::two_phase::{Member, Site};

/// What the child works with, and where it stops; without it, it is no child.
const CHILD: &str = "RELIABILITY_TWO_PHASE_SITE";

/// Where the participant is killed, and whether the transaction commits all the same.
const MOMENTS: [(&str, Decision); 7] = [
    ("before it is asked", Decision::Abort),
    ("before prepare", Decision::Abort),
    ("after prepare", Decision::Abort),
    ("when it has voted", Decision::Commit),
    ("before commit", Decision::Commit),
    ("after commit", Decision::Commit),
    ("when it has followed", Decision::Commit),
];

/// Files, which cannot promise anything: what is set aside, and what is done.
#[derive(Debug)]
struct Files {
    folder: PathBuf,
    stops: String,
}

impl Files {
    fn new(folder: &Path, stops: &str) -> Self {
        for name in ["aside", "done"] {
            fs::create_dir_all(folder.join(name)).unwrap();
        }
        Self { folder: folder.to_owned(), stops: stops.to_owned() }
    }

    fn path(&self, what: &str, id: &TransactionId) -> PathBuf {
        self.folder.join(what).join(id.as_str())
    }

    /// Says where it is, and waits to be killed.
    fn stop(&self, at: &str) {
        if self.stops == at {
            say(&format!("at {at}"));
            std::io::stdin().read_line(&mut String::new()).unwrap();
        }
    }

    fn names(folder: &Path, what: &str) -> BTreeSet<String> {
        let files = fs::read_dir(folder.join(what)).unwrap();
        files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    }
}

impl Member for Files {
    type Work = String;

    async fn prepare(&self, id: &TransactionId, text: &String) -> Result<Vote, Unreachable> {
        self.stop("before prepare");
        fs::write(self.path("aside", id), text).unwrap();
        self.stop("after prepare");
        Ok(Vote::Yes)
    }

    async fn commit(&self, id: &TransactionId, _: &String) -> Result<(), Unreachable> {
        self.stop("before commit");
        if self.path("aside", id).exists() {
            fs::rename(self.path("aside", id), self.path("done", id)).unwrap();
        }
        self.stop("after commit");
        Ok(())
    }

    async fn abort(&self, id: &TransactionId, _: &String) -> Result<(), Unreachable> {
        if self.path("aside", id).exists() {
            fs::remove_file(self.path("aside", id)).unwrap();
        }
        Ok(())
    }
}

/// One call for one line.
fn say(line: &str) {
    std::io::stdout().lock().write_all(format!("{line}\n").as_bytes()).unwrap();
}

/// The child: does what it is asked on its input, until it is killed.
#[test]
fn takes_part_until_it_is_killed() {
    let Some(child) = std::env::var_os(CHILD) else { return };
    let child = child.into_string().unwrap();
    let (folder, stops) = child.split_once('|').unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let journal = Journal::open(Path::new(folder).join("there.db")).unwrap();
        let files = Files::new(&Path::new(folder).join("there"), stops);
        let site = Site::on(&journal, "there", files).unwrap();
        loop {
            let mut line = String::new();
            if std::io::stdin().read_line(&mut line).unwrap() == 0 {
                return;
            }
            let (verb, key) = line.trim_end_matches('\n').split_once(' ').unwrap();
            let id = TransactionId::new(key);
            let said = match verb {
                "prepare" => match site.work("text".into()).prepare(&id.unwrap()).await {
                    Ok(vote) => format!("{vote:?}"),
                    Err(error) => error.to_string(),
                },
                "commit" => format!("{:?}", site.commit(&id.unwrap()).await.unwrap()),
                "abort" => format!("{:?}", site.abort(&id.unwrap()).await.unwrap()),
                _ => {
                    let doubts = site.in_doubt(Duration::ZERO).await.unwrap();
                    doubts.iter().map(TransactionId::as_str).collect::<Vec<_>>().join(" ")
                }
            };
            say(&format!("said {said}"));
        }
    });
}

/// The participant as the coordinator sees it.
struct Remote {
    folder: PathBuf,
    process: Mutex<Option<Process>>,
    /// After which answer it is killed, which nobody hears then.
    dies_after: Mutex<Option<&'static str>>,
}

struct Process {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
}

impl Process {
    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Remote {
    fn start(&self, stops: &str) {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["two_phase::killed::takes_part_until_it_is_killed", "--exact", "--nocapture"])
            .env(CHILD, format!("{}|{stops}", self.folder.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        *self.process.lock().unwrap() = Some(Process { child, said });
    }

    fn kill(&self) {
        if let Some(mut process) = self.process.lock().unwrap().take() {
            process.kill();
        }
    }

    fn call(&self, verb: &'static str, key: &str) -> Result<String, Unreachable> {
        let gone = || Unreachable::new("there", "it is dead");
        let mut held = self.process.lock().unwrap();
        let process = held.as_mut().ok_or_else(gone)?;
        let asked = format!("{verb} {key}\n");
        process.child.stdin.as_mut().unwrap().write_all(asked.as_bytes()).unwrap();
        // The harness writes the name of the test without a new line.
        let line = process.said.by_ref().map(Result::unwrap).find_map(|line| {
            let at = ["said ", "at "].iter().filter_map(|word| line.find(word)).min()?;
            Some(line[at..].to_owned())
        });
        let line = line.expect("it answers until it is killed");
        let answer = line.strip_prefix("said ").map(str::to_owned);
        let dies = *self.dies_after.lock().unwrap() == Some(verb);
        if dies || answer.is_none() {
            process.kill();
            *held = None;
        }
        answer.filter(|_| !dies || verb == "prepare").ok_or_else(gone)
    }

    fn follow(&self, verb: &'static str, id: &TransactionId) -> Result<Followed, Unreachable> {
        match &*self.call(verb, id.as_str())? {
            "AsTold" => Ok(Followed::AsTold),
            other => panic!("{id}: {other}"),
        }
    }
}

impl Resource for Remote {
    fn name(&self) -> &str {
        "there"
    }
    fn commit(&self, id: &TransactionId) -> Answer<'_, Followed> {
        let followed = self.follow("commit", id);
        Box::pin(async { followed })
    }
    fn abort(&self, id: &TransactionId) -> Answer<'_, Followed> {
        let followed = self.follow("abort", id);
        Box::pin(async { followed })
    }
    fn in_doubt(&self, _: Duration) -> Answer<'_, Vec<TransactionId>> {
        let doubts = self.call("in_doubt", "");
        Box::pin(async move { Ok(doubts?.split_whitespace().map(super::id).collect()) })
    }
}

impl Participant for Remote {
    fn prepare(&self, id: &TransactionId) -> Answer<'_, Vote> {
        let vote = self.call("prepare", id.as_str());
        Box::pin(async move {
            match &*vote? {
                "Yes" => Ok(Vote::Yes),
                other => Err(Unreachable::new("there", other)),
            }
        })
    }
}

#[test]
fn a_participant_that_is_killed_at_any_moment_does_as_the_others() {
    let folder = std::env::temp_dir().join(format!("two-phase-site-{}", std::process::id()));
    let [here_files, there_files] = ["here", "there"].map(|name| folder.join(name));
    for files in [&here_files, &there_files] {
        Files::new(files, "");
    }
    let (process, dies_after) = (Mutex::default(), Mutex::default());
    let there = Arc::new(Remote { folder: folder.clone(), process, dies_after });
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let journal = Journal::open(folder.join("here.db")).unwrap();
    let here = Site::on(&journal, "here", Files::new(&here_files, "")).unwrap();
    let settings = || {
        TwoPhase::builder(&journal)
            .resource(Arc::new(here.clone()))
            .resource(Arc::clone(&there) as Arc<dyn Resource>)
            .repeat_after(Duration::from_millis(20))
    };
    let coordinator = settings().deliver_within(Duration::from_millis(100)).build().unwrap();
    let recovers = settings()
        .votes_within(Duration::from_millis(1))
        .deliver_within(Duration::from_millis(100))
        .grace(Duration::from_millis(250))
        .build()
        .unwrap();
    let mut expected = BTreeSet::new();
    for (number, (moment, decision)) in MOMENTS.into_iter().enumerate() {
        let name = number.to_string();
        *there.dies_after.lock().unwrap() = match moment {
            "when it has voted" => Some("prepare"),
            "when it has followed" => Some("commit"),
            _ => None,
        };
        there.start(moment);
        if moment == "before it is asked" {
            there.kill();
        }
        let both: Vec<Arc<dyn Participant>> =
            vec![Arc::new(here.work("text".into())), Arc::clone(&there) as Arc<dyn Participant>];
        let ended = runtime.block_on(coordinator.run(id(&name), both));
        match decision {
            Decision::Abort => drop(ended.unwrap_err()),
            // A disk may be too slow for the one that is alive as well.
            Decision::Commit => {
                let unheard = ended.unwrap().unheard;
                let mut others = unheard.iter().filter(|name| *name != "there");
                assert!(unheard.iter().any(|name| name == "there"), "{moment}: {unheard:?}");
                assert!(others.all(|name| name == "here"), "{moment}: {unheard:?}");
            }
        }
        there.kill();
        // Another process of the same name finds what it has left.
        *there.dies_after.lock().unwrap() = None;
        there.start("");
        runtime.block_on(async {
            for _ in 0..1_000 {
                recovers.recover().await.unwrap();
                let doubts = [here.in_doubt(Duration::ZERO), there.in_doubt(Duration::ZERO)];
                let [here, there] = doubts;
                if here.await.unwrap().is_empty() && there.await.unwrap().is_empty() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            panic!("{moment}: somebody is still in doubt");
        });
        there.kill();
        if decision == Decision::Commit {
            expected.insert(name);
        }
        for files in [&here_files, &there_files] {
            assert_eq!(Files::names(files, "done"), expected, "{moment}: {}", files.display());
            assert_eq!(Files::names(files, "aside"), BTreeSet::new(), "{moment}");
        }
    }
    fs::remove_dir_all(folder).unwrap();
}
