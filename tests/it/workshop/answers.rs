//! Answers, right and wrong.
//!
//! What is right comes from `spoilers/`, so that nothing of it stands here.

use memchr::memmem;
use serde_json::Value;

use super::{Learner, stderr, stdout};
use crate::harness::{binary, root};

/// A file of a problem's spoilers, by its folder's name.
fn spoiler(folder: &str, file: &str) -> String {
    let path = root().join("spoilers").join(folder).join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A right answer to a problem that is no innocent one: type, holder and kind.
fn right(folder: &str) -> [String; 3] {
    let answer: toml::Table = spoiler(folder, "answer.toml").parse().expect("TOML");
    let first = |key: &str| answer[key][0].as_str().expect("text").to_owned();
    [
        first("types"),
        answer["holder"].as_str().expect("text").to_owned(),
        first("kinds"),
    ]
}

fn is_innocent(folder: &str) -> bool {
    let answer: toml::Table = spoiler(folder, "answer.toml").parse().expect("TOML");
    answer["kinds"][0].as_str() == Some("innocent")
}

fn folder_of(row: &Value) -> String {
    format!(
        "p{:02}_{}",
        row["number"].as_u64().expect("a number"),
        row["name"].as_str().expect("a name")
    )
}

#[test]
fn each_problem_can_be_answered() {
    let learner = Learner::new();
    for row in learner.board() {
        let (id, folder) = (row["id"].as_str().expect("an id"), folder_of(&row));
        let answered = if is_innocent(&folder) {
            learner.told(&["answer", id, "--innocent"])
        } else {
            let [type_, holder, kind] = right(&folder);
            learner.told(&[
                "answer", id, "--type", &type_, "--holder", &holder, "--kind", &kind,
            ])
        };
        assert!(
            answered.ends_with("right\n") && !answered.contains("partly"),
            "{id}: {answered}"
        );
        let found = learner.row(id);
        assert!(found["foundAt"].is_string(), "{found}");
        assert_eq!(found["answered"]["innocent"], is_innocent(&folder), "{found}");
    }
}

#[test]
fn the_right_answer_is_found_and_kept() {
    let learner = Learner::new();
    let [type_, holder, kind] = right("p02_search");
    let output = learner.run(&[
        "answer", "02", "--type", &type_, "--holder", &holder, "--kind", &kind,
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(
        stdout(&output),
        "type    right\nholder  right\nkind    right\nright\n"
    );
    assert!(
        stderr(&output).contains("problems/p02_search/"),
        "{}",
        stderr(&output)
    );
    let row = learner.row("02search");
    assert!(row["foundAt"].is_string() && row["fixedAt"].is_null(), "{row}");
    // What is said later does not take it away.
    let output = learner.run(&["answer", "02", "--innocent"]);
    assert_eq!(
        (output.status.code(), stdout(&output).as_str()),
        (Some(1), "wrong\n")
    );
    let later = learner.row("02search");
    assert_eq!(
        (&later["foundAt"], &later["attempts"]),
        (&row["foundAt"], &2.into())
    );
    assert_eq!(later["answered"]["kind"], true);
}

#[test]
fn a_wrong_part_is_named() {
    let learner = Learner::new();
    let [type_, holder, kind] = right("p02_search");
    let (type_, holder, kind) = (type_.as_str(), holder.as_str(), kind.as_str());
    for (type_, holder, kind, told) in [
        (
            "Nonsense",
            holder,
            kind,
            "type    wrong\nholder  right\nkind    right\npartly right\n",
        ),
        (
            type_,
            "NONSENSE",
            kind,
            "type    right\nholder  wrong\nkind    right\npartly right\n",
        ),
        (
            type_,
            holder,
            "cycle",
            "type    right\nholder  right\nkind    wrong\npartly right\n",
        ),
        (
            "Nonsense",
            "NONSENSE",
            "cycle",
            "type    wrong\nholder  wrong\nkind    wrong\nwrong\n",
        ),
    ] {
        let output = learner.run(&[
            "answer", "02", "--type", type_, "--holder", holder, "--kind", kind,
        ]);
        assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(1), told));
    }
    let row = learner.row("02search");
    assert!(row["foundAt"].is_null(), "{row}");
    assert_eq!(row["attempts"], 4);
}

#[test]
fn what_is_no_answer_is_refused_and_not_counted() {
    let learner = Learner::new();
    for (args, hint) in [
        (
            &[
                "answer", "02", "--type", "A", "--holder", "B", "--kind", "bad luck",
            ][..],
            "never-removed",
        ),
        (
            &[
                "answer", "02", "--type", "A", "--holder", "B", "--kind", "innocent",
            ],
            "--innocent alone",
        ),
        (&["answer", "02", "--type", "A"], "--holder"),
        (&["answer", "02"], "--innocent"),
        (
            &[
                "answer",
                "02",
                "--innocent",
                "--type",
                "A",
                "--holder",
                "B",
                "--kind",
                "cycle",
            ],
            "cannot be used",
        ),
        (&["answer", "--innocent"], "PROBLEM"),
        (&["answer", "99", "--innocent"], "hint: the problems are "),
    ] {
        let output = learner.run(args);
        assert_eq!(
            (output.status.code(), stdout(&output).as_str()),
            (Some(2), ""),
            "{args:?}"
        );
        assert!(stderr(&output).contains(hint), "{args:?}: {}", stderr(&output));
    }
    assert!(!learner.file().exists());
    let kinds = learner.told(&["answer", "--kinds"]);
    assert_eq!(kinds.lines().count(), leaklab::workshop::KINDS.len());
}

#[test]
fn the_board_does_not_tell_which_problems_are_innocent_before_they_are_answered() {
    let learner = Learner::new();
    // Whatever a problem is, the same is said to the same answers, until one is right.
    let nonsense = |id: &str| {
        let output = learner.run(&[
            "answer", id, "--type", "Nonsense", "--holder", "NONSENSE", "--kind", "innocent",
        ]);
        assert_eq!(output.status.code(), Some(2));
        let kinds = leaklab::workshop::KINDS.iter().map(|kind| kind.word);
        let wrong = kinds.filter(|word| *word != "innocent").find_map(|word| {
            let output = learner.run(&[
                "answer", id, "--type", "Nonsense", "--holder", "NONSENSE", "--kind", word,
            ]);
            let told = stdout(&output);
            told.ends_with("\nwrong\n").then_some(told)
        });
        wrong.expect("one kind at least is wrong")
    };
    let told: std::collections::BTreeSet<_> = learner
        .board()
        .iter()
        .map(|row| nonsense(row["id"].as_str().expect("an id")))
        .collect();
    assert_eq!(told.len(), 1, "{told:?}");
    let board = learner.told(&["list"]) + &learner.told(&["list", "--format", "json"]);
    assert!(
        !board.contains("\"innocent\": true") && !board.contains("nothing to fix"),
        "{board}"
    );
}

#[test]
fn no_hint_solution_or_answer_is_in_the_program() {
    let program = std::fs::read(binary()).expect("the program");
    let has = |text: &str| memmem::find(&program, text.as_bytes()).is_some();
    assert!(has("leaklab answer --kinds"), "the program has its own texts");
    for row in Learner::new().board() {
        let folder = folder_of(&row);
        for file in ["hints.md", "solution.md", "answer.toml"] {
            let text = spoiler(&folder, file);
            let long = |line: &&str| line.trim().len() > 40;
            let told = text.lines().filter(long).find(|line| has(line.trim()));
            assert_eq!(told, None, "{folder}/{file}");
        }
    }
}
