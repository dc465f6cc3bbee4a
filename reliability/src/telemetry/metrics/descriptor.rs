use super::name;

/// What a metric is called, what its numbers are in, and what they count.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::metrics::Descriptor;
///
/// const SOLD: Descriptor = Descriptor::new("shop.tea.sold", "kg", "Tea that was sold.");
/// assert_eq!(SOLD.unit, "kg");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Descriptor {
    /// Its name, by the conventions of OpenTelemetry: `reliability.policy.calls`.
    pub name: &'static str,
    /// Its unit, as [UCUM](https://ucum.org/ucum) writes it: `s`, `By`, `{call}`; empty for none.
    pub unit: &'static str,
    /// What it counts, in a sentence.
    pub description: &'static str,
}

impl Descriptor {
    /// The description of a metric.
    ///
    /// # Panics
    ///
    /// When the name or the unit is none by the rules of OpenTelemetry; in a constant, that is an
    /// error of the compiler. A name begins with a letter, goes on with letters, digits and `_.-/`,
    /// and has at most 255 of them; a unit has at most 63 characters of ASCII.
    pub const fn new(name: &'static str, unit: &'static str, description: &'static str) -> Self {
        assert!(
            name::is_name(name),
            "the name of a metric must begin with a letter, go on with letters, digits and `_.-/`, and have at most 255 of them: write one like \"shop.orders\""
        );
        assert!(
            name::is_unit(unit),
            "the unit of a metric must have at most 63 characters of ASCII: write one like \"s\", \"By\", \"{{order}}\", or \"\""
        );
        Self { name, unit, description: description.trim_ascii() }
    }
}
