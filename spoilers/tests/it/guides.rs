//! The hints and solutions are there, and are nowhere else.

use leaklab::workshop::hints;
use problems::problems;

use crate::folders::{Right, files_below, root, spoiler};

#[test]
fn each_problem_has_three_hints_and_a_solution() {
    for problem in problems().iter() {
        let levels = hints::read(root(), problem).unwrap_or_else(|error| panic!("{}: {error}", problem.id));
        assert_eq!(levels.len(), 3, "{}", problem.id);
        let solution = spoiler(problem, "solution.md");
        let lines = solution.lines().count();
        assert!(
            (12..=80).contains(&lines),
            "{}: {lines} lines of solution",
            problem.id
        );
    }
}

#[test]
fn the_mildest_hint_names_neither_the_kind_nor_the_holder() {
    for problem in problems().iter() {
        let mildest = hints::read(root(), problem).unwrap().remove(0);
        let right = Right::of(problem);
        // A word that is the problem's own name gives nothing away.
        for told in right
            .kinds
            .iter()
            .chain(&right.holders)
            .filter(|told| **told != problem.name)
        {
            let last = told.rsplit("::").next().unwrap();
            let told = mildest
                .split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-')
                .any(|word| word == last);
            assert!(!told, "{}: the first hint says `{last}`", problem.id);
        }
    }
}

#[test]
fn spoilers_are_hidden_from_searches_that_honour_ignore_files() {
    let ignore = std::fs::read_to_string(root().join(".ignore")).unwrap();
    let rules: Vec<_> = ignore
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let hidden = ["/spoilers/", "/docs/accuracy.md"];
    assert_eq!(rules, hidden, "no more, and nothing that takes it back");
    for path in files_below(&root().join("spoilers")) {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(
            ![".ignore", ".rgignore", ".fdignore"].contains(&name),
            "{} may take it back",
            path.display()
        );
    }
    let settings = std::fs::read_to_string(root().join(".vscode/settings.json")).unwrap();
    let settings: serde_json::Value = serde_json::from_str(&settings).unwrap();
    for hidden in ["spoilers", "docs/accuracy.md"] {
        assert_eq!(settings["search.exclude"][hidden], true);
    }
}

#[test]
fn no_source_outside_takes_in_a_file_of_the_spoilers() {
    let mut looked_at = 0;
    for folder in ["src", "crates", "problems", "benches", "examples", "tests"] {
        for path in files_below(&root().join(folder)) {
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            looked_at += 1;
            let source = std::fs::read_to_string(&path).unwrap();
            for taking in ["include_str!", "include_bytes!", "include!", "#[path", "concat!"] {
                for (at, _) in source.match_indices(taking) {
                    let statement = source[at..].split([';', ']']).next().unwrap();
                    assert!(!statement.contains("spoilers"), "{}: {statement}", path.display());
                }
            }
        }
    }
    assert!(looked_at > 100, "only {looked_at} files were looked at");
}
