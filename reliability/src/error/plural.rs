use core::fmt;

/// A number of things, as a sentence has it: `1 error`, `2 errors`.
pub(crate) struct Plural {
    count: u64,
    one: &'static str,
    many: &'static str,
}

/// So many of what has these two names.
pub(crate) const fn plural(count: u64, one: &'static str, many: &'static str) -> Plural {
    Plural { count, one, many }
}

impl fmt::Display for Plural {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.count == 1 { self.one } else { self.many };
        write!(f, "{} {word}", self.count)
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn one_is_one_and_all_else_are_many() {
        let told = [0, 1, 2, u64::MAX].map(|count| plural(count, "hang", "hangs").to_string());
        assert_eq!(told, ["0 hangs", "1 hang", "2 hangs", "18446744073709551615 hangs"]);
    }
}
