//! What a person does with the `sqlite3` tool while the file is in use.

use rusqlite::Connection;

use super::folder::Folder;
use super::*;

fn order(key: u32) -> StreamId {
    StreamId::new("order", &key.to_string()).unwrap()
}

fn event(number: u32) -> Event {
    Event::json("Numbered", 1, &number).unwrap()
}

async fn numbers(journal: &Journal, stream: &StreamId) -> Vec<u32> {
    let records = journal.read(stream, Sequence::START, 10_000).await.unwrap();
    records.iter().map(|record| record.event.read_json().unwrap()).collect()
}

#[tokio::test]
async fn the_tables_can_be_read_by_hand_while_they_are_written() {
    let folder = Folder::new();
    let file = folder.file("orders.db");
    let journal = Journal::open(&file).unwrap();
    let append = Append::to(&order(7)).event(event(3)).status("open").due(Due::Now);
    journal.append(append).await.unwrap();
    let by_hand = Connection::open(&file).unwrap();
    let shown: (String, String, String, String) = by_hand
        .query_row(
            "SELECT s.key, s.status, r.name, CAST(r.payload AS TEXT)
             FROM journal_streams s JOIN journal_records r ON r.stream = s.id",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .unwrap();
    assert_eq!(shown, ("7".into(), "open".into(), "Numbered".into(), "3".into()));
    let mode: String = by_hand.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[tokio::test]
async fn a_record_that_a_person_adds_with_the_tool_has_its_place_among_ours() {
    let folder = Folder::new();
    let file = folder.file("orders.db");
    let journal = Journal::open(&file).unwrap();
    journal.append(Append::to(&order(7)).event(event(1))).await.unwrap();
    let by_hand = "INSERT INTO journal_records
                       (stream, sequence, epoch, recorded_at, name, version, encoding, payload)
                   SELECT id, 2, 0, created_at, 'Numbered', 1, 'json', '2' FROM journal_streams";
    Connection::open(&file).unwrap().execute_batch(by_hand).unwrap();
    let append = Append::to(&order(7)).after(Sequence::new(2)).event(event(3));
    journal.append(append).await.unwrap();
    assert_eq!(numbers(&journal, &order(7)).await, [1, 2, 3]);
    let all = journal.read_all(Position::START, 9).await.unwrap();
    assert!(all.windows(2).all(|pair| pair[0].position < pair[1].position), "{all:?}");
}

#[tokio::test]
async fn a_record_that_a_person_adds_gets_no_position_that_was_given_before() {
    let folder = Folder::new();
    let file = folder.file("orders.db");
    let journal = Journal::open(&file).unwrap();
    journal.append(Append::to(&order(7)).event(event(1))).await.unwrap();
    let removed = journal.append(Append::to(&order(8)).event(event(1))).await.unwrap();
    journal.remove(&order(8), Sequence::new(1)).await.unwrap();
    let by_hand = Connection::open(&file).unwrap();
    let add = "INSERT INTO journal_records
                   (stream, sequence, epoch, recorded_at, name, version, encoding, payload)
               SELECT id, 2, 0, created_at, 'Numbered', 1, 'json', '2' FROM journal_streams";
    by_hand.execute_batch(add).unwrap();
    let added = journal.read_all(removed.position, 9).await.unwrap();
    assert_eq!(added.len(), 1, "who has read all so far reads it");
    // And takes it away again, before anybody of ours has written.
    by_hand.execute_batch("DELETE FROM journal_records WHERE sequence = 2").unwrap();
    let after = journal.append(Append::to(&order(7)).event(event(2))).await.unwrap();
    assert!(after.position > added[0].position, "{after:?} {added:?}");
}

#[tokio::test]
async fn when_a_person_has_given_the_last_position_there_is_an_append_says_so() {
    let folder = Folder::new();
    let file = folder.file("orders.db");
    let journal = Journal::open(&file).unwrap();
    journal.append(Append::to(&order(7)).event(event(1))).await.unwrap();
    let by_hand = "UPDATE journal_records SET position = 9223372036854775806";
    Connection::open(&file).unwrap().execute_batch(by_hand).unwrap();
    let both = Append::to(&order(7)).events_of([event(2), event(3)]);
    let refused = journal.append(both).await.unwrap_err();
    assert!(refused.to_string().contains("the positions of this journal are used up"), "{refused}");
    journal.append(Append::to(&order(7)).event(event(2))).await.unwrap();
    let refused = journal.append(Append::to(&order(8)).event(event(1))).await.unwrap_err();
    assert!(matches!(refused, JournalError::Unusable { .. }), "{refused}");
    assert_eq!(numbers(&journal, &order(7)).await, [1, 2]);
    assert_eq!(journal.head(&order(8)).await.unwrap(), None);
}

#[tokio::test]
async fn a_stream_that_a_person_has_taken_the_records_from_is_still_listed() {
    let folder = Folder::new();
    let file = folder.file("orders.db");
    let journal = Journal::open(&file).unwrap();
    journal.append(Append::to(&order(7)).event(event(1))).await.unwrap();
    journal.append(Append::to(&order(8)).event(event(1))).await.unwrap();
    let by_hand = "DELETE FROM journal_records
                   WHERE stream = (SELECT id FROM journal_streams WHERE key = '7')";
    Connection::open(&file).unwrap().execute_batch(by_hand).unwrap();
    let heads = journal.heads(Heads::all()).await.unwrap();
    let ends: Vec<u64> = heads.iter().map(|head| head.sequence.get()).collect();
    assert_eq!(ends, [0, 1]);
    assert_eq!(heads[0].changed_at, heads[0].created_at);
    journal.append(Append::to(&order(7)).after(Sequence::START).event(event(2))).await.unwrap();
    assert_eq!(numbers(&journal, &order(7)).await, [2]);
}
