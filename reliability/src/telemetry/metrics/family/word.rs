//! A label in three words, so that comparing two of them is three comparisons.

use core::hash::BuildHasher;

use super::Label;

/// What stands for a label: another label has another word, except that two long texts may share one.
///
/// Labels are short. One that fits is compared without looking at the text, which lies elsewhere, and
/// for which a call of the system's comparison costs more than the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word {
    first: u64,
    last: u64,
    /// What the label is; of a text its length, so that what is known of its ends is all there is to
    /// know. A number, because those are compared without a branch.
    kind: usize,
}

const INTEGER: usize = 1;
const BOOLEAN: usize = 2;
const ABSENT: usize = 3;
/// Of texts, whose length is less than a quarter of what there is room for.
const TEXT: u32 = 2;

/// A text that is no longer is known by its ends.
const SHORT: usize = 16;

impl Word {
    /// Where there is no label.
    pub(super) const NOTHING: Self = Self { first: 0, last: 0, kind: ABSENT };

    // Always, as all of this: where it is asked, it is mostly known of what kind the label is.
    #[inline(always)]
    pub(super) fn of(label: Label<'_>, hasher: &impl BuildHasher) -> Self {
        let (kind, (first, last)) = match label {
            Label::Text(text) => (text.len() << TEXT, of_text(text.as_bytes(), hasher)),
            Label::Integer(number) => (INTEGER, (number as u64, 0)),
            Label::Boolean(yes) => (BOOLEAN, (yes.into(), 0)),
            Label::Absent => return Self::NOTHING,
        };
        Self { first, last, kind }
    }

    /// Whether another label may have this word too.
    #[inline]
    pub(super) fn may_be_another(self) -> bool {
        self.kind >> TEXT > SHORT
    }

    /// One step of a hash: both halves of a product of which nobody outside knows the factors.
    ///
    /// What looks alike may have one hash: whoever finds a series compares.
    #[inline]
    pub(super) fn hash_into(self, hash: u64, seeds: [u64; 2]) -> u64 {
        let product = u128::from(self.first ^ seeds[0]) * u128::from(self.last ^ seeds[1]);
        hash.rotate_left(23) ^ product as u64 ^ (product >> 64) as u64
    }
}

/// The first and the last bytes, which overlap where there are fewer than in two of them; of a long text
/// a hash of all.
#[inline(always)]
fn of_text(text: &[u8], hasher: &impl BuildHasher) -> (u64, u64) {
    // The longest first: the compiler makes one comparison of each, and most labels pass few.
    if text.len() > SHORT {
        return (hasher.hash_one(text), 0);
    }
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        return (u64::from_le_bytes(*first), u64::from_le_bytes(*last));
    }
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        return (u32::from_le_bytes(*first).into(), u32::from_le_bytes(*last).into());
    }
    if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
        return (u16::from_le_bytes(*first).into(), u16::from_le_bytes(*last).into());
    }
    (text.first().map_or(0, |byte| u64::from(*byte)), 0)
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;
    use alloc::string::String;

    use hashbrown::DefaultHashBuilder;

    use super::*;

    #[test]
    fn a_short_text_has_a_word_that_no_text_has_which_differs_in_a_byte_or_in_length() {
        let hasher = DefaultHashBuilder::default();
        let word = |text: &str| Word::of(Label::Text(text), &hasher);
        for length in 0..40 {
            let text: String = ('a'..='z').cycle().take(length).collect();
            assert_eq!(word(&text), word(&text.clone()));
            assert_eq!(word(&text).may_be_another(), length > 16);
            assert_ne!(word(&text), word(&alloc::format!("{text}a")));
            for at in 0..length {
                let other = alloc::format!("{}-{}", &text[..at], &text[at + 1..]);
                assert_ne!(word(&text), word(&other), "{text} {other}");
            }
        }
    }

    #[test]
    fn what_looks_alike_has_different_words() {
        let hasher = DefaultHashBuilder::default();
        let labels = [
            Label::Text(""),
            Label::Text("\0"),
            Label::Text("\0\0"),
            Label::Text("\u{1}"),
            Label::Integer(0),
            Label::Integer(1),
            Label::Boolean(false),
            Label::Boolean(true),
            Label::Absent,
        ];
        for (index, label) in labels.iter().enumerate() {
            let same = |other: &&Label<'_>| Word::of(**other, &hasher) == Word::of(*label, &hasher);
            assert_eq!(labels.iter().filter(same).count(), 1, "{index}");
        }
    }

    /// Numbers and routes as they come: a place in a table of twice as many for nearly each.
    #[test]
    fn labels_that_differ_little_have_hashes_that_differ() {
        let hasher = DefaultHashBuilder::default();
        let seeds = [0x9e37_79b9_7f4a_7c15, 0xc2b2_ae3d_27d4_eb4f];
        let hash = |labels: [Label<'_>; 2]| {
            labels
                .into_iter()
                .fold(0, |hash, label| Word::of(label, &hasher).hash_into(hash, seeds))
        };
        let mut low_bits = BTreeSet::new();
        for status in 0..32 {
            for route in 0..32 {
                let route = alloc::format!("/orders/{route}");
                low_bits.insert(hash([Label::Text(&route), Label::Integer(status)]) % 4_096);
            }
        }
        // 1024 balls in 4096 urns hit 906 of them.
        assert!(low_bits.len() > 850, "{}", low_bits.len());
    }
}
