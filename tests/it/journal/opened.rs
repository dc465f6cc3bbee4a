//! A file is opened while other processes open it, close it as the last one, and die in it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use reliability::journal::{Append, Event, Journal, StreamId};

use super::crash::Folder;

/// The journal of the child; without it, it is no child.
const FILE: &str = "RELIABILITY_JOURNAL_OPENED_FILE";
/// How often a child is killed: 20 times, unless this says otherwise.
const CYCLES: &str = "RELIABILITY_CRASH_CYCLES";

#[test]
fn opens_and_closes_until_it_is_killed() {
    let Some(file) = std::env::var_os(FILE) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    loop {
        let line = match runtime.block_on(opens(Path::new(&file))) {
            Ok(()) => "opened".to_owned(),
            Err(error) => format!("refused {error}"),
        };
        std::io::stdout().lock().write_all(format!("{line}\n").as_bytes()).unwrap();
    }
}

async fn opens(file: &Path) -> Result<(), reliability::journal::JournalError> {
    let journal = Journal::open(file)?;
    let stream = StreamId::new("opened", &std::process::id().to_string())?;
    journal.append(Append::to(&stream).event(Event::bytes("Opened", 1, []))).await?;
    Ok(())
}

fn start(file: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["journal::opened::opens_and_closes_until_it_is_killed", "--exact", "--nocapture"])
        .env(FILE, file)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What it has said until it has opened so often, and is killed.
fn hear(mut child: Child, opened: usize) -> Vec<String> {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut refused: Vec<String> = Vec::new();
    let mut left = opened;
    for line in lines {
        if let Some(at) = line.find("refused") {
            refused.push(line[at..].to_owned());
        }
        left -= usize::from(line.contains("opened") && !line.contains("test "));
        if left == 0 {
            break;
        }
    }
    assert_eq!(left, 0, "it ended by itself");
    child.kill().unwrap();
    child.wait().unwrap();
    refused
}

#[test]
fn a_file_can_be_opened_while_others_close_it_and_are_killed_in_it() {
    let cycles = std::env::var(CYCLES).map_or(20, |it| it.parse::<usize>().unwrap());
    let name = format!("journal-opened-{}", std::process::id());
    let folder = Folder(std::env::temp_dir().join(name));
    std::fs::create_dir_all(&folder.0).unwrap();
    let file = folder.0.join("opened.db");
    for cycle in 0..cycles {
        let threads: Vec<_> = (0..3)
            .map(|number| {
                let child = start(&file);
                std::thread::spawn(move || hear(child, 3 + (cycle + 4 * number) % 9))
            })
            .collect();
        let refused: Vec<String> = threads.into_iter().flat_map(|it| it.join().unwrap()).collect();
        assert!(refused.is_empty(), "cycle {cycle}: {refused:?}");
    }
}
