//! The back room has one teller, whoever asks.

use std::time::Duration;

use problems::Lab;
use tokio::runtime::{Handle, Runtime};

use crate::support::{MIB, data, lab};

const ASK: &str = "{ jokeOfTheDay { name } }";

/// Tasks of this runtime, other than the test's own.
fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

async fn joke(lab: &Lab) -> String {
    data(lab, ASK).await["jokeOfTheDay"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}

async fn another_than(lab: &Lab, old: &str) -> String {
    loop {
        let new = joke(lab).await;
        if new != old {
            return new;
        }
        pause().await;
    }
}

#[test]
fn a_hundred_first_calls_at_once_fetch_one_teller() {
    Runtime::new().unwrap().block_on(async {
        let lab = lab();
        let calls: Vec<_> = (0..100)
            .map(|_| {
                let lab = lab.clone();
                tokio::spawn(async move { joke(&lab).await })
            })
            .collect();
        for call in calls {
            assert!(call.await.unwrap().starts_with("joke "));
        }
        // A task is counted for a moment after its end.
        for _ in 0..100 {
            if tasks() > 1 {
                pause().await;
            }
        }
        assert_eq!(tasks(), 1);
    });
}

#[tokio::test]
async fn jokes_go_on_by_themselves_until_a_reset_and_begin_anew_after_it() {
    let lab = lab();
    let first = joke(&lab).await;
    let later = another_than(&lab, &first).await;
    assert_ne!(first, later);

    lab.reset(lab.find("jokes").unwrap()).await;
    assert_eq!(
        tasks(),
        0,
        "the teller has gone by the time that the reset is over"
    );
    lab.reset(lab.find("jokes").unwrap()).await;

    assert_eq!(joke(&lab).await, "joke 0");
    assert_eq!(tasks(), 1);
}

#[tokio::test]
async fn nobody_tells_jokes_past_the_limit() {
    let lab = lab();
    joke(&lab).await;
    let told = another_than(&lab, "joke 0").await;
    lab.guard().observe(600 * MIB);
    tokio::time::sleep(Duration::from_millis(700)).await;
    lab.guard().observe(0);
    assert_eq!(joke(&lab).await, told);
    another_than(&lab, &told).await;
}

#[test]
fn a_teller_who_went_with_their_runtime_is_replaced() {
    let lab = lab();
    Runtime::new().unwrap().block_on(joke(&lab));
    Runtime::new().unwrap().block_on(async {
        assert_eq!(joke(&lab).await, "joke 0");
        assert_eq!(tasks(), 1);
    });
}
