//! Every interleaving of raising, lifting by success, and running out.

use loom::sync::Arc;
use loom::thread;

use super::level::{Level, Word};

#[test]
fn loom_no_raise_is_lost() {
    loom::model(|| {
        let level = Arc::new(Level::new());
        let raise = |level: &Level| {
            level.change(|word| word.raised(word.level() + 1, 100, 0));
        };
        let other = {
            let level = Arc::clone(&level);
            thread::spawn(move || raise(&level))
        };
        raise(&level);
        other.join().unwrap();
        assert_eq!(level.load().level(), 2);
    });
}

#[test]
fn loom_one_of_those_who_lift_is_the_last() {
    loom::model(|| {
        let level = Arc::new(Level::new());
        level.change(|word| word.raised(1, 100, 0));
        let well = |level: &Level| {
            let next = |word: Word| if word == Word::NORMAL { word } else { word.went_well(2) };
            let (before, after) = level.change(next);
            before != Word::NORMAL && after == Word::NORMAL
        };
        let other = {
            let level = Arc::clone(&level);
            thread::spawn(move || well(&level))
        };
        let mine = well(&level);
        assert_ne!(mine, other.join().unwrap(), "two successes lift once");
        assert_eq!(level.load(), Word::NORMAL);
    });
}

#[test]
fn loom_running_out_does_not_undo_a_new_raise() {
    loom::model(|| {
        let level = Arc::new(Level::new());
        level.change(|word| word.raised(1, 10, 0));
        let other = {
            let level = Arc::clone(&level);
            thread::spawn(move || level.change(|word| word.raised(3, 100, 20)))
        };
        let over = |word: Word| if word.is_over(20) { Word::NORMAL } else { word };
        level.change(over);
        other.join().unwrap();
        assert_eq!(level.load().level(), 3);
    });
}
