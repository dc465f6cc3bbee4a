/// In which of its two formats Prometheus is told.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::prometheus::Format;
///
/// let asked = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
/// assert_eq!(Format::accepted(asked), Format::OpenMetrics);
/// assert_eq!(Format::accepted("*/*"), Format::Text);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// The text format 0.0.4, which everything reads.
    #[default]
    Text,
    /// OpenMetrics 1.0, which has exemplars.
    OpenMetrics,
}

impl Format {
    /// What the header `Accept` of a request asks for: OpenMetrics where it is named and wanted no less
    /// than the text format.
    pub fn accepted(accept: &str) -> Self {
        let wanted = |media: &str| {
            let mut best: Option<f64> = None;
            for range in accept.split(',') {
                let mut parts = range.split(';').map(str::trim);
                if !parts.next().is_some_and(|name| name.eq_ignore_ascii_case(media)) {
                    continue;
                }
                let quality = parts.find_map(|part| part.strip_prefix("q="));
                let quality = quality.map_or(1.0, |quality| quality.parse().unwrap_or(0.0));
                best = Some(best.map_or(quality, |best| best.max(quality)));
            }
            best
        };
        match (wanted("application/openmetrics-text"), wanted("text/plain")) {
            (Some(quality), text) if quality > 0.0 && quality >= text.unwrap_or(0.0) => {
                Self::OpenMetrics
            }
            _ => Self::Text,
        }
    }

    /// What the header `Content-Type` of the answer has to say.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_is_what_is_wanted_most() {
        for (accept, format) in [
            ("", Format::Text),
            ("text/html", Format::Text),
            ("application/openmetrics-text", Format::OpenMetrics),
            ("text/plain;q=0.9, Application/OpenMetrics-Text; version=1.0.0", Format::OpenMetrics),
            ("application/openmetrics-text;q=0.2,text/plain;version=0.0.4;q=0.3", Format::Text),
            ("application/openmetrics-text;q=0", Format::Text),
            ("application/openmetrics-text;q=much", Format::Text),
            // As Prometheus 2.42 asks.
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                Format::OpenMetrics,
            ),
        ] {
            assert_eq!(Format::accepted(accept), format, "{accept}");
        }
    }
}
