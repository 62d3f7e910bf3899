//! What a learner types as a type or a holder, brought to one form: they copy it from a report, whole or in part, or
//! from the source.
//!
//! `512 B Arc<problems::p99_shelf::Shelf> x 78,079` and `shelf` are both `shelf`.

/// What is around a thing without changing what it is.
const WRAPPERS: [&str; 19] = [
    "Arc",
    "Atomic",
    "Box",
    "Cell",
    "Cow",
    "LazyLock",
    "MiniArc",
    "Mutex",
    "MutexGuard",
    "OnceCell",
    "OnceLock",
    "Option",
    "Pin",
    "Rc",
    "RefCell",
    "RwLock",
    "Vec",
    "VecDeque",
    "Weak",
];
/// What reports put before a holder's name.
const PREFIXES: [&str; 6] = [
    "held by ",
    "static ",
    "task ",
    "thread-local ",
    "stack of thread ",
    "thread ",
];
/// What sources put before a type's.
const QUALIFIERS: [&str; 5] = ["&", "mut ", "dyn ", "impl ", "'static "];
/// In which reports give sizes.
const UNITS: [&str; 4] = ["B", "KB", "MB", "GB"];

/// A type's own name, in lower case. Of a whole path through memory, the first.
pub(super) fn of_type(typed: &str) -> String {
    own_name(typed.split("<-").next().unwrap_or(typed))
}

/// A holder's own name, in lower case. Of a whole path through memory, the last.
pub(super) fn of_holder(typed: &str) -> String {
    own_name(typed.rsplit("<-").next().unwrap_or(typed))
}

fn own_name(typed: &str) -> String {
    let mut name = without_figures(without_prefixes(typed.trim()));
    while let Some(inner) = unwrapped(name) {
        name = inner;
    }
    let path = without_generics(impl_path(name));
    let mut segments = path.rsplit("::").map(str::trim);
    let last = segments.find(|segment| !segment.is_empty() && !segment.starts_with('{'));
    let letters = last.unwrap_or_default().chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

fn without_prefixes(mut name: &str) -> &str {
    while let Some(rest) = PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)) {
        name = rest.trim_start();
    }
    name.split(" of thread ").next().unwrap_or(name)
}

/// `512 B Visit x 78,079 (256 of 256 objects)` is `Visit`.
fn without_figures(name: &str) -> &str {
    let starts_with_digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let name = match name.find(" (") {
        Some(at) if starts_with_digit(&name[at + 2..]) => &name[..at],
        _ => name,
    };
    let name = match name.rsplit_once(" x ") {
        Some((before, times)) if starts_with_digit(times) => before,
        _ => name,
    };
    let mut words = name.splitn(3, ' ');
    match (words.next(), words.next(), words.next()) {
        (Some(figure), Some(unit), Some(rest)) if starts_with_digit(figure) && UNITS.contains(&unit) => {
            rest.trim()
        }
        _ => name.trim(),
    }
}

/// What is in a wrapper, a slice or a reference; nothing where it is none.
fn unwrapped(name: &str) -> Option<&str> {
    if let Some(rest) = QUALIFIERS
        .iter()
        .find_map(|qualifier| name.strip_prefix(qualifier))
    {
        return Some(rest.trim());
    }
    if let Some(slice) = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return slice.split(';').next().map(str::trim);
    }
    let (path, arguments) = name.strip_suffix('>')?.split_once('<')?;
    let last = path.rsplit("::").find(|segment| !segment.is_empty())?;
    WRAPPERS.contains(&last.trim()).then(|| first_argument(arguments))
}

/// Up to the first comma that is in no brackets.
fn first_argument(arguments: &str) -> &str {
    let mut depth = 0;
    let end = arguments.find(|c: char| {
        match c {
            '<' | '(' | '[' => depth += 1,
            '>' | ')' | ']' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    });
    arguments[..end.unwrap_or(arguments.len())].trim()
}

/// `<Shelf as Trait>::find` is `Shelf::find`, `<Shelf>::find` too.
fn impl_path(name: &str) -> String {
    let Some(rest) = name.strip_prefix('<') else {
        return name.to_owned();
    };
    match rest.split_once(" as ").zip(rest.rsplit_once(">::")) {
        Some(((of, _), (_, function))) => format!("{of}::{function}"),
        None => rest.replacen('>', "", 1),
    }
}

/// Without whatever stands in angle brackets.
fn without_generics(path: String) -> String {
    let mut depth = 0_usize;
    let mut kept = String::with_capacity(path.len());
    for c in path.chars() {
        match c {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ if depth == 0 => kept.push(c),
            _ => {}
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_known_by_its_own_name() {
        for (typed, name) in [
            ("Shelf", "shelf"),
            ("  shelf ", "shelf"),
            ("problems::p99_shelf::Shelf", "shelf"),
            ("Arc<problems::p99_shelf::Shelf>", "shelf"),
            ("std::sync::Arc<Mutex<Vec<Option<Shelf>>>>", "shelf"),
            ("&'static mut [Shelf; 3]", "shelf"),
            ("Shelf<'a, T>", "shelf"),
            ("HashMap<String, Arc<Shelf>>", "hashmap"),
            ("Arc<HashMap<String, (u8, u8)>>", "hashmap"),
            ("VecDeque<(i64, Shelf)>", "i64shelf"),
            ("512 B String", "string"),
            (
                "held by 2.0 KB String <- Vec<Shelf> <- static SHELVES (9 of 9 objects)",
                "string",
            ),
            ("32 B Arc<Visit> x 78,079", "visit"),
            ("Box<when_full::{closure#0}> x 56,378", "whenfull"),
            ("Box<dyn Shelf>", "shelf"),
            ("bytes::Bytes", "bytes"),
            ("", ""),
            ("<>", ""),
        ] {
            assert_eq!(of_type(typed), name, "{typed}");
        }
    }

    #[test]
    fn a_holder_is_known_by_its_own_name() {
        for (typed, name) in [
            ("SHELVES", "shelves"),
            ("static problems::p99_shelf::SHELVES", "shelves"),
            (
                "static problems::p99_shelf::SHELVES (256 of 256 objects)",
                "shelves",
            ),
            (
                "static problems::p99_shelf::SHELVES (2 of 256 objects), poor evidence",
                "shelves",
            ),
            (
                "held by 512 B String <- Vec<Shelf> <- static problems::p99_shelf::SHELVES",
                "shelves",
            ),
            ("task problems::p99_shelf::dust", "dust"),
            (
                "task <problems::p99_shelf::Duster as Work>::dust::{closure#0}",
                "dust",
            ),
            ("task <Duster>::dust", "dust"),
            (
                "thread-local crossbeam_epoch::default::HANDLE of thread tokio-rt-worker",
                "handle",
            ),
            ("stack of thread bookshop-db", "bookshopdb"),
            ("unreachable cycle", "unreachablecycle"),
            ("Mutex<Shelves>", "shelves"),
        ] {
            assert_eq!(of_holder(typed), name, "{typed}");
        }
    }
}
