use core::fmt::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The beginning of a text, on the stack.
pub(super) struct Text<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

/// Stands for a message that could not be had.
const PANICKED: &str = "(formatting this error panicked)";

impl<const N: usize> Text<N> {
    fn new() -> Self {
        Self { bytes: [0; N], length: 0 }
    }

    /// What `describe` writes, up to the first `N` bytes. It is stopped there, and if it panics.
    pub(super) fn of(describe: impl FnOnce(&mut dyn Write) -> fmt::Result) -> Self {
        let mut text = Self::new();
        // An error comes of being full, or is the writer's own: what there is has to do.
        let written = catch_unwind(AssertUnwindSafe(|| describe(&mut text).is_ok()));
        if written.is_err() {
            text.length = 0;
            text.push(PANICKED);
        }
        text
    }

    pub(super) fn as_str(&self) -> &str {
        // Only whole characters are pushed.
        core::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }

    /// Whether all of it fit.
    fn push(&mut self, text: &str) -> bool {
        let room = N - self.length;
        let end = text.floor_char_boundary(room.min(text.len()));
        self.bytes[self.length..self.length + end].copy_from_slice(&text.as_bytes()[..end]);
        self.length += end;
        end == text.len()
    }
}

impl<const N: usize> Write for Text<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.push(text) { Ok(()) } else { Err(fmt::Error) }
    }
}
