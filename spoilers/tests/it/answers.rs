//! The hashes in `problems/answers.toml` are those of the right answers, and tell nothing else.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use leaklab::workshop::{Answer, Answered, Answers, HASHES, INNOCENT, Judgement, KINDS, Part, fingerprint};
use problems::{Problem, problems};

use crate::folders::{Right, root, spoiler};

const RENEW: &str = "RENEW_ANSWERS=1 cargo test --release -p spoilers -p leaklab --test it answers::";

const HEADER: &str = "\
# Hashes of what may be answered to each problem, and as many that stand for nothing. They are made from the answers in
# spoilers/ by a test, whose failure says how to renew them.
";

/// The hashes of what is right, filled up to the same number, in an order that tells nothing.
fn hashes(problem: &str, part: Part, right: &[String], secret: &str) -> BTreeSet<String> {
    let mut hashes: BTreeSet<_> = right
        .iter()
        .map(|typed| fingerprint(problem, part, typed))
        .collect();
    assert!(
        hashes.len() <= HASHES,
        "{problem} has {} right answers to `{}`, more than {HASHES}",
        hashes.len(),
        part.name()
    );
    let mut filler = 0;
    while hashes.len() < HASHES {
        // Of the kind's form, which is hashed as it is.
        hashes.insert(fingerprint(
            problem,
            Part::Kind,
            &format!("{secret} {} {filler}", part.name()),
        ));
        filler += 1;
    }
    hashes
}

fn sealed() -> String {
    let mut text = HEADER.to_owned();
    for problem in problems() {
        let right = Right::of(&problem);
        // Nobody without the answers can tell what fills up.
        let secret = spoiler(&problem, "answer.toml");
        writeln!(text, "\n[{}]", problem.name).unwrap();
        for (part, right) in [
            (Part::Type, &right.types),
            (Part::Holder, &right.holders),
            (Part::Kind, &right.kinds),
        ] {
            writeln!(text, "{} = [", part.name()).unwrap();
            for hash in hashes(&problem.name, part, right, &secret) {
                writeln!(text, "    \"{hash}\",").unwrap();
            }
            writeln!(text, "]").unwrap();
        }
    }
    text
}

#[test]
fn the_hashes_in_the_repository_are_those_of_the_answers() {
    let path = root().join("problems/answers.toml");
    let sealed = sealed();
    if std::env::var_os("RENEW_ANSWERS").is_some() {
        std::fs::write(&path, &sealed).unwrap();
    }
    assert!(
        std::fs::read_to_string(&path).unwrap_or_default() == sealed,
        "problems/answers.toml is not what the answers in spoilers/ come to; renew it: {RENEW}"
    );
}

#[test]
fn each_problem_has_as_many_hashes_and_nothing_in_the_clear() {
    let file: toml::Table = std::fs::read_to_string(root().join("problems/answers.toml"))
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(file.len(), problems().len());
    for (name, parts) in &file {
        let parts = parts.as_table().unwrap();
        let names: BTreeSet<_> = parts.keys().map(String::as_str).collect();
        assert_eq!(names, Part::ALL.map(Part::name).into(), "{name}");
        for hashes in parts.values().map(|hashes| hashes.as_array().unwrap()) {
            assert_eq!(hashes.len(), HASHES, "{name}");
            for hash in hashes.iter().map(|hash| hash.as_str().unwrap()) {
                let is_hash = hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
                assert!(is_hash, "{name}: `{hash}`");
            }
        }
    }
}

fn judge(problem: &Problem, answer: &Answer) -> Judgement {
    Answers::parse(&sealed())
        .unwrap()
        .judge(&problem.name, answer)
        .unwrap()
        .0
}

fn leak(type_: &str, holder: &str, kind: &str) -> Answer {
    let [type_, holder, kind] = [type_, holder, kind].map(str::to_owned);
    Answer::Leak { type_, holder, kind }
}

#[test]
fn each_right_answer_is_right_and_each_wrong_part_is_told() {
    for problem in problems().iter() {
        let right = Right::of(problem);
        if right.is_innocent() {
            continue;
        }
        let (first_type, first_holder, first_kind) = (&right.types[0], &right.holders[0], &right.kinds[0]);
        for (types, holders, kinds) in [
            (&right.types[..], &right.holders[..1], &right.kinds[..1]),
            (&right.types[..1], &right.holders[..], &right.kinds[..1]),
            (&right.types[..1], &right.holders[..1], &right.kinds[..]),
        ] {
            for (type_, holder, kind) in types.iter().flat_map(|type_| {
                let each = move |holder| kinds.iter().map(move |kind| (type_, holder, kind));
                holders.iter().flat_map(each)
            }) {
                let judged = judge(problem, &leak(type_, holder, kind));
                assert_eq!(
                    judged,
                    Judgement::Right,
                    "{}: {type_}, {holder}, {kind}",
                    problem.id
                );
            }
        }
        let wrong_kind = KINDS
            .iter()
            .find(|kind| !right.kinds.iter().any(|right| right == kind.word))
            .unwrap()
            .word;
        let partly = |type_, holder, kind| {
            let innocent = false;
            Judgement::Partly(Answered {
                type_,
                holder,
                kind,
                innocent,
            })
        };
        for (answer, judgement) in [
            (
                leak("Nonsense", first_holder, first_kind),
                partly(false, true, true),
            ),
            (
                leak(first_type, "NONSENSE", first_kind),
                partly(true, false, true),
            ),
            (
                leak(first_type, first_holder, wrong_kind),
                partly(true, true, false),
            ),
            (leak("Nonsense", "NONSENSE", wrong_kind), Judgement::Wrong),
            (Answer::Innocent, Judgement::Wrong),
        ] {
            assert_eq!(judge(problem, &answer), judgement, "{}: {answer:?}", problem.id);
        }
    }
}

#[test]
fn of_an_innocent_nothing_but_that_is_right() {
    for problem in problems().iter() {
        let right = Right::of(problem);
        if !right.is_innocent() {
            continue;
        }
        assert_eq!(
            judge(problem, &Answer::Innocent),
            Judgement::Right,
            "{}",
            problem.id
        );
        for kind in KINDS {
            let judged = judge(problem, &leak("String", "CACHE", kind.word));
            assert_eq!(judged, Judgement::Wrong, "{}: {}", problem.id, kind.word);
        }
    }
}

#[test]
fn what_is_right_is_said_in_the_words_that_a_learner_has() {
    for problem in problems().iter() {
        let right = Right::of(problem);
        for kind in &right.kinds {
            assert!(
                KINDS.iter().any(|known| known.word == kind),
                "{}: `{kind}`",
                problem.id
            );
        }
        let complete = if right.is_innocent() {
            right.kinds == [INNOCENT] && right.types.is_empty() && right.holders.is_empty()
        } else {
            !(right.kinds.is_empty() || right.types.is_empty() || right.holders.is_empty())
        };
        assert!(
            complete,
            "{}: kinds, types and holders do not fit together",
            problem.id
        );
    }
}
