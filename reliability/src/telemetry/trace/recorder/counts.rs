use crate::sync::Counters;

/// What the recorder counts.
#[derive(Debug, Clone, Copy)]
pub(super) enum Count {
    HeadDropped,
    Recorded,
    Kept,
    Dropped,
    Spans,
    SpansDropped,
    RootsWithoutRoom,
    Late,
}

const COUNTS: usize = 8;

#[derive(Debug, Default)]
pub(super) struct Counts(Counters<COUNTS>);

impl Counts {
    #[inline]
    pub(super) fn add(&self, count: Count, amount: u64) {
        self.0.add(count as usize, amount);
    }

    pub(super) fn snapshot(&self) -> RecorderCounts {
        let sums = self.0.sums();
        let of = |count: Count| sums.get(count as usize).copied().unwrap_or(0);
        RecorderCounts {
            not_sampled: of(Count::HeadDropped),
            recorded: of(Count::Recorded),
            kept: of(Count::Kept),
            dropped: of(Count::Dropped),
            spans: of(Count::Spans),
            spans_dropped: of(Count::SpansDropped),
            roots_without_room: of(Count::RootsWithoutRoom),
            spans_late: of(Count::Late),
        }
    }
}

/// What a recorder has done so far.
///
/// Every local root is in exactly one of `not_sampled`, `recorded` and `roots_without_room` when it
/// begins, and those of the latter two in one of `kept` and `dropped` when they end. Nothing is
/// dropped without being counted here.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::trace::Recorder;
///
/// if let Some(counts) = Recorder::running().map(|recorder| recorder.counts()) {
///     println!("{} of {} traces were kept", counts.kept, counts.recorded);
///     println!("{} spans had no room", counts.spans_dropped);
/// }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecorderCounts {
    /// Local roots that the head decision did not keep: nothing of them was recorded.
    pub not_sampled: u64,
    /// Local roots that were recorded.
    pub recorded: u64,
    /// Local roots that were kept.
    pub kept: u64,
    /// Local roots that were recorded and thrown away, by a rule.
    pub dropped: u64,
    /// Spans that were recorded, those of local roots included.
    pub spans: u64,
    /// Spans for which a trace had no room, or the recorder no memory.
    pub spans_dropped: u64,
    /// Local roots that began when the recorder was full. They are judged by how they ended, but
    /// have no attributes and no other spans.
    pub roots_without_room: u64,
    /// Spans that began or ended when their local root was over and thrown away.
    pub spans_late: u64,
}
