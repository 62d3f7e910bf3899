//! Bad input gets a clear error, and the service lives on.

use serde_json::{Value, json};

use crate::harness::{Lab, error_of, get, leaklab, post};

/// Asks, and gives the code and the message of the only error.
fn refused(lab: &Lab, query: &str) -> (String, String) {
    let answer = lab.ask(query);
    let errors = answer["errors"]
        .as_array()
        .unwrap_or_else(|| panic!("no errors: {answer}"));
    assert_eq!(errors.len(), 1, "{answer}");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (
        text(&errors[0]["extensions"]["code"]),
        text(&errors[0]["message"]),
    )
}

fn assert_answers(lab: &Lab) {
    let answer = lab.ask("{ __typename }");
    assert_eq!(answer, json!({"data": {"__typename": "Query"}}));
}

/// A selection of `problems`, so many levels deep in inline fragments and `ofType`.
fn nested(levels: usize) -> String {
    format!(
        "{{ __schema {{ types {{ {} name {} }} }} }}",
        "ofType { ".repeat(levels),
        "}".repeat(levels)
    )
}

#[test]
fn a_malformed_query_is_refused() {
    let lab = Lab::start(&[]);
    assert_eq!(refused(&lab, "{ problems { id ").0, "GRAPHQL_PARSE_FAILED");
    assert_eq!(
        refused(&lab, "{ nothingOfTheKind }").0,
        "GRAPHQL_VALIDATION_FAILED"
    );
    assert_answers(&lab);
}

#[test]
fn operations_beyond_the_limits_are_refused() {
    let lab = Lab::start(&[]);
    let (code, message) = refused(&lab, &nested(25));
    assert_eq!(
        (code.as_str(), message.as_str()),
        ("DEPTH_LIMIT", "the operation is nested deeper than 20 levels")
    );
    let aliases: String = (0..51).map(|n| format!("a{n}: __typename ")).collect();
    let (code, message) = refused(&lab, &format!("{{ {aliases} }}"));
    assert_eq!(
        (code.as_str(), message.as_str()),
        ("ALIAS_LIMIT", "the document has 51 aliases, the limit is 50")
    );
    let wide = format!(
        "{{ {} }} fragment F on Query {{ {} }}",
        "...F ".repeat(60),
        "problems { id title } ".repeat(20)
    );
    let (code, message) = refused(&lab, &wide);
    assert_eq!(
        (code.as_str(), message.as_str()),
        ("COMPLEXITY_LIMIT", "the operation has more than 1000 fields")
    );
    assert_answers(&lab);
}

#[test]
fn a_document_as_deep_as_the_body_allows_does_not_end_the_service() {
    let lab = Lab::start(&[]);
    let kinds = [
        ("{a", "{a", "}"),
        ("{...{a", "{...{a", "}}"),
        ("{a(b:", "[", "]"),
        ("{a(b:", "{c:", "}"),
        ("{a @b(c:", "[", "]"),
        ("query($a:Int=", "[", "]"),
    ];
    for levels in [200, 2_000, 4_000, 30_000] {
        for (start, open, close) in kinds {
            let query = format!("{start}{}{}", open.repeat(levels), close.repeat(levels));
            assert_eq!(refused(&lab, &query).0, "DEPTH_LIMIT", "{levels} {start}{open}");
            let answer = lab.try_admin(&query);
            assert_eq!(
                answer["errors"][0]["extensions"]["code"], "DEPTH_LIMIT",
                "{levels} {start}{open}"
            );
        }
    }
    assert_answers(&lab);
    assert!(lab.live() > 0);
}

#[test]
fn fragments_that_multiply_are_refused_before_they_are_spread() {
    let lab = Lab::start(&[]);
    for levels in [20, 27, 60] {
        let spreads = (0..levels).map(|n| format!("fragment f{n} on Query {{ ...f{0} ...f{0} }} ", n + 1));
        let fragments: String = spreads.collect();
        let query = format!("{{ ...f0 }} {fragments} fragment f{levels} on Query {{ __typename }}");
        assert_eq!(refused(&lab, &query).0, "COMPLEXITY_LIMIT", "{levels}");
        assert_eq!(
            lab.try_admin(&query)["errors"][0]["extensions"]["code"],
            "COMPLEXITY_LIMIT",
            "{levels}"
        );
    }
    assert_answers(&lab);
}

#[test]
fn the_error_of_a_long_line_is_short() {
    let lab = Lab::start(&[]);
    let (code, message) = refused(&lab, &format!("{{ {} ? }}", "hello ".repeat(10_000)));
    assert_eq!(code, "GRAPHQL_PARSE_FAILED");
    assert!(message.len() < 400, "{} bytes", message.len());
}

#[test]
fn introspection_as_graphiql_sends_it_is_within_the_limits() {
    let lab = Lab::start(&[]);
    let answer = lab.ask(&nested(9));
    assert!(answer.get("errors").is_none(), "{answer}");
}

#[test]
fn a_body_beyond_the_limit_is_refused() {
    let lab = Lab::start(&[]);
    let (status, answer) = post(lab.public_url(), &json!({ "query": " ".repeat(300 * 1024) }));
    assert_eq!(status, 413, "{answer}");
    assert!(answer["errors"][0]["extensions"]["code"].is_string(), "{answer}");
    assert_answers(&lab);
}

#[test]
fn a_problem_that_is_not_there_is_answered_with_those_that_are() {
    let lab = Lab::start(&[]);
    let (status, body) = get(&format!("{}/problem/99nothing", lab.public_url()));
    let answer: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(status, 404, "{answer}");
    assert_eq!(answer["problems"][0], "00hello");
    let answer = lab.try_admin("mutation { resetProblem(id: \"99\") { live } }");
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNKNOWN_PROBLEM");
    assert_eq!(answer["errors"][0]["extensions"]["ids"][0], "00hello");
}

#[test]
fn an_ambiguous_problem_is_answered_with_the_candidates() {
    let lab = Lab::start(&[]);
    let (status, body) = get(&format!("{}/problem/0", lab.public_url()));
    let answer: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(status, 400, "{answer}");
    assert!(
        answer["candidates"]
            .as_array()
            .is_some_and(|candidates| candidates.len() > 1),
        "{answer}"
    );
    let answer = lab.try_admin("mutation { resetProblem(id: \"0\") { live } }");
    assert_eq!(answer["errors"][0]["extensions"]["code"], "AMBIGUOUS_PROBLEM");
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error_and_the_service_lives_on() {
    // Below a file there can be no folder, not even for root.
    let file = tempfile::NamedTempFile::new().expect("a file");
    let folder = file.path().join("snapshots");
    let lab = Lab::start(&["--snapshots", folder.to_str().expect("a plain path")]);
    let answer = lab.try_admin("mutation { takeSnapshot { id } }");
    assert_eq!(
        answer["errors"][0]["extensions"]["code"], "SNAPSHOT_STORE",
        "{answer}"
    );
    assert_answers(&lab);
    assert!(lab.live() > 0);
}

#[test]
fn the_admin_door_is_not_opened_to_the_network_without_a_token() {
    let told = error_of(leaklab().args(["serve", "--addr", "127.0.0.1:0", "--admin-addr", "0.0.0.0:0"]));
    assert!(told.contains("hint: give --admin-token"), "{told}");
}

#[test]
fn a_wrong_variable_of_the_server_does_not_concern_other_commands() {
    let output = leaklab()
        .args(["compare", "a", "b"])
        .env("LEAKLAB_ADDR", "nonsense")
        .output();
    let told = String::from_utf8_lossy(&output.expect("leaklab runs").stderr).into_owned();
    assert!(told.contains("`a` is neither a file nor a snapshot"), "{told}");
    error_of(leaklab().env("LEAKLAB_ADDR", "nonsense"));
}

#[test]
fn a_memory_limit_that_nothing_fits_into_is_refused() {
    for (given, told) in [("5", "less than the least"), ("lots", "such as 512MiB")] {
        let stderr = error_of(leaklab().args(["serve", "--memory-limit", given]));
        assert!(stderr.contains(told), "{stderr}");
    }
}

#[test]
fn an_address_that_is_taken_is_a_clear_error() {
    let lab = Lab::start(&[]);
    let taken = lab.public_url().trim_start_matches("http://");
    let told = error_of(leaklab().args(["serve", "--addr", taken, "--admin-addr", "127.0.0.1:0"]));
    let expected = format!("error: cannot listen on {taken}: Address already in use");
    assert!(told.starts_with(&expected), "{told}");
    assert!(
        told.trim_end()
            .ends_with("hint: choose another address with --addr, port 0 takes a free one"),
        "{told}"
    );
}

#[test]
fn a_file_that_is_no_database_is_refused_and_kept() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "these are my notes, not a database").expect("notes");
    let mut serve = leaklab();
    serve.args(["serve", "--addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0"]);
    error_of(serve.arg("--database").arg(file.path()));
    assert_eq!(
        std::fs::read_to_string(file.path()).expect("notes"),
        "these are my notes, not a database"
    );
}

#[test]
fn a_server_that_is_none_is_an_error_and_no_verdict_on_a_fix() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut check = leaklab();
    check.args(["check", "02", "--server", "/no/such/program", "--output"]);
    let told = error_of(check.arg(folder.path().join("evidence")));
    assert!(told.contains("error: `/no/such/program` cannot be run"), "{told}");
    assert!(told.contains("hint: --server takes a program"), "{told}");
}

#[test]
fn no_room_for_snapshots_is_refused_before_a_door_is_told() {
    let told = error_of(leaklab().args(["serve", "--snapshot-bytes", "0"]));
    assert!(told.contains("no snapshot fits into nothing"), "{told}");
}
