//! A process that writes is killed with `kill -9` again and again: what it was told is written is
//! there, and nothing is there by half.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use reliability::journal::{
    Append, Claim, Due, Event, Heads, Journal, Position, Sequence, StreamId,
};

/// Where the child writes; without it, it is no child.
const FILE: &str = "RELIABILITY_JOURNAL_CRASH_FILE";
/// How often it is killed, in all stores together: 20 times, unless this says otherwise.
const CYCLES: &str = "RELIABILITY_CRASH_CYCLES";

const WRITERS: u32 = 16;
/// How many stores share the cycles.
const STORES: u32 = 2;

/// The end of the file's name says whose it is.
fn open(file: &Path) -> Journal {
    match file.extension().is_some_and(|end| end == "redb") {
        true => Journal::open_redb(file).unwrap(),
        false => Journal::open(file).unwrap(),
    }
}

fn stream(kind: &str, writer: u32) -> StreamId {
    StreamId::new(kind, &writer.to_string()).unwrap()
}

/// What the child does: each writer appends to two streams at once, and says when it is told that
/// this is written.
#[test]
fn writes_until_it_is_killed() {
    let Some(file) = std::env::var_os(FILE) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let journal = open(Path::new(&file));
        let mut writers = Vec::new();
        for writer in 0..WRITERS {
            writers.push(tokio::spawn(write(journal.clone(), writer)));
        }
        for writer in writers {
            writer.await.unwrap();
        }
    });
    panic!("it is killed before it ends");
}

async fn write(journal: Journal, writer: u32) {
    let (one, other) = (stream("debit", writer), stream("credit", writer));
    let head = journal.head(&one).await.unwrap();
    let mut last = head.map_or(Sequence::START, |head| head.sequence);
    loop {
        let number = last.next();
        let event = || Event::json("Moved", 1, &(writer, number.get(), "x".repeat(150))).unwrap();
        let both = [&one, &other].map(|it| Append::to(it).after(last).event(event()).due(Due::Now));
        journal.append_all(both).await.unwrap();
        last = number;
        // One call for one line, so that lines of several writers do not mix.
        let line = format!("wrote {writer} {number}\n");
        std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
        if number.get().is_multiple_of(7) {
            journal.claim(Claim::of(["credit"]).by("child").most(2)).await.unwrap();
        }
    }
}

pub(crate) struct Folder(pub(crate) PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn start(file: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["journal::crash::writes_until_it_is_killed", "--exact", "--nocapture"])
        .env(FILE, file)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Lets it write until it has said so many lines, kills it, and hears the rest of what it has said.
fn kill_after(mut child: Child, lines: usize, written: &mut BTreeMap<u32, u64>) {
    let said = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut heard = 0;
    for line in said {
        let line = line.unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        // The last line may break off.
        let &["wrote", writer, number] = words.as_slice() else { continue };
        let (Ok(writer), Ok(number)) = (writer.parse::<u32>(), number.parse::<u64>()) else {
            continue;
        };
        let last = written.entry(writer).or_default();
        // A number that breaks off is a smaller one.
        *last = number.max(*last);
        heard += 1;
        if heard == lines {
            child.kill().unwrap();
        }
    }
    assert!(heard >= lines, "the child ended by itself after {heard} lines");
    child.wait().unwrap();
}

async fn check(file: &Path, written: &mut BTreeMap<u32, u64>) -> u64 {
    let journal = open(file);
    let mut all = 0;
    for writer in 0..WRITERS {
        let mut ends = Vec::new();
        for kind in ["debit", "credit"] {
            let records =
                journal.read(&stream(kind, writer), Sequence::START, 100_000).await.unwrap();
            for (number, record) in (1..).zip(&records) {
                let said: (u32, u64, String) = record.event.read_json().unwrap();
                assert_eq!(record.sequence.get(), number, "without gaps");
                assert_eq!((said.0, said.1, said.2.len()), (writer, number, 150), "whole");
            }
            ends.push(records.len() as u64);
        }
        assert_eq!(ends[0], ends[1], "both streams of a batch, or none");
        let told = written.get(&writer).copied().unwrap_or_default();
        assert!(ends[0] >= told, "writer {writer} was told that {told} are there: {}", ends[0]);
        assert!(ends[0] <= told + 1, "writer {writer} of {told}: {}, one was not told", ends[0]);
        // What was found once is there to stay, told or not.
        written.insert(writer, ends[0]);
        all += ends[0] * 2;
    }
    let read = journal.read_all(Position::START, 100_000).await.unwrap();
    assert_eq!(read.len() as u64, all, "all of them, in one order");
    let heads = journal.heads(Heads::all()).await.unwrap();
    let mut epochs: Vec<_> = heads.iter().map(|it| it.epoch.get()).filter(|it| *it > 0).collect();
    let claimed = epochs.len();
    epochs.sort_unstable();
    epochs.dedup();
    assert_eq!(epochs.len(), claimed, "no epoch twice");
    all
}

#[tokio::test]
async fn sqlite_loses_nothing_however_often_the_process_is_killed() {
    kill_again_and_again("db").await;
}

#[tokio::test]
async fn redb_loses_nothing_however_often_the_process_is_killed() {
    kill_again_and_again("redb").await;
}

async fn kill_again_and_again(end: &str) {
    let cycles = std::env::var(CYCLES).map_or(20, |it| it.parse::<u32>().unwrap()) / STORES;
    let folder = format!("journal-crash-{end}-{}", std::process::id());
    let folder = Folder(std::env::temp_dir().join(folder));
    fs::create_dir_all(&folder.0).unwrap();
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let mut file = PathBuf::new();
    let (mut written, mut kills) = (BTreeMap::new(), 0);
    for cycle in 0..cycles {
        // A new file now and then: the first moments of one, and what reading it again costs.
        if cycle % 10 == 0 {
            file = folder.0.join(format!("{cycle}.{end}"));
            written.clear();
        }
        let lines = 1 + random.next() % 300;
        kill_after(start(&file), lines, &mut written);
        kills += 1;
        assert!(check(&file, &mut written).await > 0);
    }
    assert_eq!(kills, cycles);
}

/// Marsaglia's xorshift: the same moments in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap()
    }
}
