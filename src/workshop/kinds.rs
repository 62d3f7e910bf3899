//! The kinds of mistake that memory is lost by: the words of an answer.

/// A kind of mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// What is typed.
    pub word: &'static str,
    /// What it means, in a line.
    pub meaning: &'static str,
}

/// The word for growth that is no mistake.
pub const INNOCENT: &str = "innocent";

/// All kinds, in the order in which they are shown.
pub const KINDS: &[Kind] = &[
    of(
        "never-removed",
        "things are put into a collection, and nothing takes them out again",
    ),
    of(
        "unbounded-cache",
        "a cache has no bound, or one that does not count what matters",
    ),
    of(
        "endless-task",
        "a task or a timer goes on for ever, and adds something at each turn",
    ),
    of(
        "chain",
        "each new thing keeps the one before it, so that the last one keeps them all",
    ),
    of(
        "global-scope",
        "what belongs to one request is kept by something that outlives it",
    ),
    of(
        "no-expiry",
        "what should end after a while, such as a session, never does",
    ),
    of(
        "pinned-buffer",
        "a small piece is kept, and keeps the whole buffer that it is a piece of",
    ),
    of(
        "label-per-value",
        "a metric has a label with no end of values, each a series of its own",
    ),
    of(
        "unjoined-tasks",
        "tasks end, and what is left of them waits for somebody to collect it",
    ),
    of(
        "unread-queue",
        "a queue takes all that is sent, and its reader is slow or reads nothing",
    ),
    of(
        "detached-task",
        "work goes on, with all that it holds, after whoever wanted it has gone",
    ),
    of(
        "skipped-on-cancel",
        "tidying up comes after an .await, and a call that is dropped there skips it",
    ),
    of(
        "cycle",
        "things hold each other by counted references, so that no count comes to zero",
    ),
    of(
        INNOCENT,
        "nothing is lost: it fills up and stays, or comes and goes (type --innocent)",
    ),
];

const fn of(word: &'static str, meaning: &'static str) -> Kind {
    Kind { word, meaning }
}

/// The kind that was typed, in whatever case, with spaces or underscores for its hyphens.
pub fn kind(typed: &str) -> Option<Kind> {
    let words = typed.split(|c: char| c.is_whitespace() || c == '_' || c == '-');
    let words: Vec<_> = words
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let typed = words.join("-");
    KINDS.iter().find(|kind| kind.word == typed).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_found_however_its_words_are_joined() {
        for typed in [
            "never-removed",
            "Never Removed",
            " never_removed",
            "NEVER  -removed",
        ] {
            assert_eq!(
                kind(typed).map(|kind| kind.word),
                Some("never-removed"),
                "{typed}"
            );
        }
        for typed in ["", "never", "neverremoved", "never-removed-at-all"] {
            assert_eq!(kind(typed), None, "{typed}");
        }
    }
}
