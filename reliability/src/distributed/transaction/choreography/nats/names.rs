//! What a bus calls its streams, subjects and consumers.

use alloc::string::String;

/// The dots of a name, which NATS takes for itself, as something that no name has.
pub(super) fn escaped(name: &str) -> String {
    name.replace('.', "=")
}

pub(super) fn stream(prefix: &str, topic: &str) -> String {
    alloc::format!("{prefix}_{}", escaped(topic))
}

pub(super) fn subject(prefix: &str, topic: &str) -> String {
    alloc::format!("{prefix}.{}", escaped(topic))
}

/// The stream of what came and is no envelope.
pub(super) fn set_aside(prefix: &str) -> String {
    alloc::format!("{prefix}=set-aside")
}

/// The subject of that stream, which is none of a topic.
pub(super) fn set_aside_subject(prefix: &str) -> String {
    alloc::format!("{prefix}=set-aside")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_do_not_meet() {
        // Prefixes have neither dots nor `=`, topics no `=`.
        let names = ["a.b", "a-b", "a_b", "ab", "..", ".", "a..b", "=".trim_start_matches('=')];
        let mut streams: Vec<String> = names.iter().map(|it| stream("p", it)).collect();
        streams.push(set_aside("p"));
        let count = streams.len();
        streams.sort();
        streams.dedup();
        assert_eq!(streams.len(), count);
        assert_eq!(subject("p", "a.b"), "p.a=b");
        assert_eq!(set_aside_subject("p"), "p=set-aside");
    }
}
