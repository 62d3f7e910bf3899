//! The memory limit, and the way back.

use std::thread;

use async_graphql::{Request, Variables};
use tokio::runtime::Runtime;

use crate::support::{MIB, STATICS, api, data, error, lab, reset, run};

#[tokio::test]
async fn past_the_limit_each_problem_says_so_and_says_how_to_reset() {
    let lab = lab();
    lab.guard().observe(600 * MIB);
    for problem in lab.problems() {
        let response = run(&lab, problem).await;
        let json = serde_json::to_value(&response).unwrap();
        let error = &json["errors"][0];
        assert_eq!(error["extensions"]["code"], "MEMORY_LIMIT", "{json}");
        assert_eq!(error["extensions"]["live"], 600 * MIB);
        assert_eq!(error["extensions"]["limit"], 512 * MIB);
        let message = error["message"].as_str().unwrap();
        assert!(
            message.starts_with("600.0 MiB of heap are live, past the limit of 512.0 MiB"),
            "{message}"
        );
        assert!(
            message.contains(r#"run the admin mutation resetProblem(id: ""#),
            "{message}"
        );
        assert_eq!(problem.calls(), 0, "{}", problem.id);
    }
}

#[tokio::test]
async fn past_the_limit_a_books_author_is_refused_wherever_the_book_is_shown() {
    let lab = lab();
    lab.guard().observe(600 * MIB);
    assert_eq!(
        error(&lab, "{ book(id: 1) { author { name } } }").await.0,
        "MEMORY_LIMIT"
    );
}

#[tokio::test]
async fn past_the_limit_everything_else_keeps_answering_and_below_it_so_do_the_problems() {
    let lab = lab();
    lab.guard().observe(600 * MIB);
    data(
        &lab,
        "{ problems { id } book(id: 1) { title } reviews(bookId: 1) { user { name } } }",
    )
    .await;
    lab.guard().observe(512 * MIB);
    data(&lab, "{ hello }").await;
}

#[tokio::test]
async fn a_problem_answers_as_before_after_a_reset() {
    let _alone = STATICS.lock().await;
    let lab = lab();
    for problem in lab.problems() {
        for round in 1..=2 {
            let response = run(&lab, problem).await;
            assert_eq!(response.errors, [], "{}", problem.id);
            lab.quiesce();
            reset(&lab, problem).await;
            assert_eq!(
                problem.calls(),
                round,
                "{}: calls are counted since the start",
                problem.id
            );
        }
    }
}

/// Of a thread that resets, in bytes.
const SMALL_STACK: usize = 256 << 10;

#[tokio::test]
async fn many_thousands_of_calls_are_reset_on_a_small_stack() {
    let _alone = STATICS.lock().await;
    let lab = lab();
    let schema = api(&lab);
    for name in ["lookup", "orders"] {
        let problem = lab.find(name).expect("it is on the board");
        let variables = Variables::from_json(problem.example.clone());
        for _ in 0..20_000 {
            let request = Request::new(problem.operation).variables(variables.clone());
            let response = schema.execute(lab.prepare(request)).await;
            assert_eq!(response.errors, [], "{name}");
        }
        thread::scope(|scope| {
            let reset = || Runtime::new().expect("a runtime").block_on(lab.reset(problem));
            let reset = thread::Builder::new()
                .stack_size(SMALL_STACK)
                .spawn_scoped(scope, reset);
            reset
                .expect("a thread starts")
                .join()
                .expect("no overflow, no panic");
        });
    }
}

#[tokio::test]
async fn a_page_with_many_authors_counts_as_one_call() {
    let lab = lab();
    data(&lab, "{ books(first: 50) { author { name } } }").await;
    assert_eq!(lab.find("books").unwrap().calls(), 1);
}
