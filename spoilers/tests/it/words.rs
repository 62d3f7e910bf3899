//! Nothing that a learner reads on the way gives a cause away: not the problems, nor the API.
//!
//! The words are looked for in identifiers too: `keepForever` is `keep forever`.

use crate::folders::{Right, files_below, root};

/// Words that tell what is wrong, or that nothing is. With `*` whatever begins so.
const WORDS: &[&str] = &[
    "leak*",
    "unbounded",
    "unlimited",
    "evict*",
    "forget*",
    "forgot*",
    "endless*",
    "forever",
    "for ever",
    "cleanup",
    "clean up",
    "weak",
    "cycle",
    "cyclic",
    "detach*",
    "orphan*",
    "dangling",
    "zombie*",
    "retain*",
    "unjoined",
    "cardinality",
    "innocent*",
    "harmless",
    "culprit*",
    "fragmentation",
    "memory",
    "heap",
    "never freed",
    "never removed",
    "never dropped",
    "never joined",
    "never read",
    "never ends",
    "no limit",
    "no bound",
    "without limit",
    "without bound",
    "without a bound",
    "without end",
    "grow without",
    "grows without",
    "keeps growing",
    "pins the",
    "pinned",
];

/// Words that may stand in a file, or in all whose path begins so, and why.
const ALLOWED: &[(&str, &str, &str)] = &[
    (
        "problems/catalog.rs",
        "heap",
        "what a fix may keep, whichever problem it is of",
    ),
    (
        "problems/catalog.rs",
        "memory",
        "what loads are watched by, whichever problem it is",
    ),
    (
        "problems/guard.rs",
        "memory",
        "the memory guard, which knows no problem",
    ),
    ("problems/guard.rs", "heap", "the same"),
    ("problems/lab.rs", "memory", "the same"),
    ("problems/shop/", "memory", "a database may be in memory"),
    ("problems/shop/words.rs", "forgotten", "a word of books' titles"),
    (
        "problems/p01_jokes/problem.toml",
        "forgotten",
        "what people did with the page",
    ),
    (
        "problems/tests/",
        "*",
        "tests are not read on the way, and must call problems by what they test",
    ),
];

/// What libraries and the lab call their own things: these are in the code of whoever uses them.
const NAMES: &[&str] = &[
    "unbounded_channel",
    "UnboundedReceiver",
    "UnboundedSender",
    "EvictionPolicy",
    "eviction_policy",
    ".cycle()",
    ".retain(",
    "Weak",
    "MemoryGuard",
    "Location::Memory",
];

/// Symptoms are told in stories, and memory is one.
const SYMPTOMS: &[&str] = &["memory", "heap"];

/// Lower-case words, of identifiers too, with one space before, between and behind.
fn plain(text: &str) -> String {
    let mut plain = String::from(" ");
    let mut before = ' ';
    for c in text.chars() {
        let begins = c.is_uppercase() && before.is_lowercase();
        if (begins || !c.is_alphanumeric()) && !plain.ends_with(' ') {
            plain.push(' ');
        }
        if c.is_alphanumeric() {
            plain.extend(c.to_lowercase());
        }
        before = c;
    }
    plain.push(' ');
    plain
}

/// Whether a text has a word, as [`WORDS`] has it.
fn has(plain: &str, word: &str) -> bool {
    match word.strip_suffix('*') {
        Some(beginning) => plain.contains(&format!(" {beginning}")),
        None => plain.contains(&format!(" {word} ")),
    }
}

fn without_names(text: &str) -> String {
    NAMES
        .iter()
        .fold(text.to_owned(), |text, name| text.replace(name, ""))
}

/// What in a file gives something away: the line's number, and the word.
fn told(path: &str, text: &str) -> Vec<(usize, &'static str)> {
    let is_story = path.ends_with("problem.toml");
    let allowed = |word: &str| {
        let fits = |of: &str| of == "*" || has(&format!(" {of} "), word);
        (is_story && SYMPTOMS.contains(&word))
            || ALLOWED
                .iter()
                .any(|(file, of, _)| path.starts_with(file) && fits(of))
    };
    let mut told = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let plain = plain(&without_names(line));
        let words = WORDS.iter().filter(|word| has(&plain, word) && !allowed(word));
        told.extend(words.map(|word| (index + 1, *word)));
    }
    told
}

#[test]
fn nothing_on_the_way_gives_a_cause_away() {
    let mut files = files_below(&root().join("problems"));
    files.extend(files_below(&root().join("schema/operations")));
    files.push(root().join("schema/api.graphql"));
    // What the shop answers is its data: a book may be called The Forgotten River.
    files.retain(|path| !path.ends_with("responses.json"));
    assert!(files.len() > 40, "only {} files were looked at", files.len());
    let mut wrong = Vec::new();
    for path in &files {
        let name = path.strip_prefix(root()).unwrap().to_str().unwrap();
        let told_by_name = told(name, name);
        let told_inside = told(name, &std::fs::read_to_string(path).unwrap());
        let all = told_by_name.into_iter().chain(told_inside);
        wrong.extend(all.map(|(line, word)| format!("{name}:{line}: {word}")));
    }
    assert!(
        wrong.is_empty(),
        "these give something away; say it otherwise, or allow the word and say why:\n{}",
        wrong.join("\n")
    );
}

/// `p03_lookup::LATEST` anywhere says who holds what piles up. What `hello` keeps is in the README: it is the worked example.
#[test]
fn nothing_outside_names_what_is_in_a_problem() {
    let folders = ["src", "crates", "docs", "tests", "benches", "examples", "schema"];
    let mut files: Vec<_> = folders
        .iter()
        .flat_map(|folder| files_below(&root().join(folder)))
        .collect();
    let guides = std::fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    files.extend(guides.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    let mut names = Vec::new();
    for problem in problems::problems().iter().skip(1) {
        names.push(format!("{}::", problem.folder()));
        // `static problems::p03_lookup::LATEST`, told of another crate.
        let holders = Right::of(problem).holders;
        let holder = holders.first().and_then(|holder| holder.rsplit("::").next());
        names.extend(holder.map(|holder| format!("{}::{holder}", problem.name)));
    }
    assert!(files.len() > 200 && names.len() > 30, "{} files", files.len());
    for path in files {
        // Of a picture or so nobody reads anything.
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let named = names.iter().find(|name| text.contains(*name));
        assert_eq!(named, None, "{}", path.display());
    }
}

#[test]
fn words_are_seen_however_they_are_written() {
    for line in [
        "// It leaks",
        "fn evict_oldest()",
        "struct ForgottenPages;",
        "kept for ever",
        "WEAK",
        "keepForEver",
        "a_cycle",
    ] {
        assert!(!told("problems/p99_shelf/mod.rs", line).is_empty(), "{line}");
    }
    for line in [
        "recycled",
        "bleak",
        "mpsc::unbounded_channel()",
        "Weakness",
        "the bicycle",
        "sleeking",
    ] {
        assert_eq!(told("problems/p99_shelf/mod.rs", line), [], "{line}");
    }
}

#[test]
fn what_is_allowed_is_needed() {
    let files = files_below(&root().join("problems"));
    for (beginning, word, _) in ALLOWED.iter().filter(|(_, word, _)| *word != "*") {
        let needed = files.iter().any(|path| {
            let name = path.strip_prefix(root()).unwrap().to_str().unwrap();
            let text = || plain(&without_names(&std::fs::read_to_string(path).unwrap()));
            name.starts_with(beginning) && has(&text(), word)
        });
        assert!(needed, "`{word}` is allowed in {beginning}, and is not there");
    }
}
