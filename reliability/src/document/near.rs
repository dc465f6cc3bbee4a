use alloc::format;
use alloc::string::String;

/// "did you mean ..?", where one of the names is near.
pub(crate) fn did_you_mean<'a>(
    written: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    // Distances take the product of the lengths, and no name is as long as a hostile one.
    if written.len() > 200 {
        return None;
    }
    let near = |name: &'a str| {
        let distance = strsim::damerau_levenshtein(&written.to_lowercase(), &name.to_lowercase());
        (distance, name)
    };
    let (distance, name) = names.into_iter().map(near).min()?;
    let close = distance <= 1 + written.chars().count().max(name.chars().count()) / 4;
    close.then(|| format!("did you mean `{name}`?"))
}
