//! Whether calls still go into the figures that the shop is watched by.

use std::time::Duration;

use problems::{Count, Problem};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::clients;
use super::door::PublicDoor;
use super::{Error, Refusal};

/// How long a call may take until it is counted.
const PATIENCE: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What a histogram has seen, over all its sets of labels.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Seen {
    /// `_count`.
    count: f64,
    /// `_bucket` of no upper bound.
    in_buckets: f64,
    /// `_sum`.
    sum: f64,
}

/// Refuses what leaves calls out of the histogram that they belong to, of so many.
///
/// # Errors
/// [`Refusal`]; whatever a question can fail with.
pub(super) async fn each_call(door: &PublicDoor, problem: &Problem, calls: u32) -> Result<(), Error> {
    let Some(count) = &problem.requires.counts else {
        return Ok(());
    };
    let before = Seen::ask(door, count).await?;
    let calls = clients::call(door, problem, calls).await?;
    let until = Instant::now() + PATIENCE;
    loop {
        let seen = Seen::ask(door, count).await?;
        let Some((figure, grown)) = seen.lacks(before, calls) else {
            return Ok(());
        };
        if Instant::now() >= until {
            let histogram = &count.histogram;
            return Err(Refusal::new(
                format!("{calls} calls were made, and {histogram}{figure} grew by {grown}"),
                "let each call go into all figures of the histogram as before, under the same name",
            )
            .into());
        }
        sleep(LOOK_EVERY).await;
    }
}

impl Seen {
    async fn ask(door: &PublicDoor, count: &Count) -> Result<Self, Error> {
        let data = door.ask(&count.document, &json!({})).await?;
        let of = |suffix: &str, label: &str| sum(&data, &format!("{}{suffix}", count.histogram), label);
        Ok(Self {
            count: of("_count", ""),
            in_buckets: of("_bucket", "le=\"+Inf\""),
            sum: of("_sum", ""),
        })
    }

    /// The first figure that has not grown as so many calls make it grow, and by how much it has.
    fn lacks(self, before: Self, calls: u32) -> Option<(&'static str, f64)> {
        let calls = f64::from(calls);
        let (count, in_buckets) = (self.count - before.count, self.in_buckets - before.in_buckets);
        let sum = self.sum - before.sum;
        [
            ("_count", count, count >= calls),
            ("_bucket", in_buckets, in_buckets >= calls),
            ("_sum", sum, sum > 0.0),
        ]
        .into_iter()
        .find_map(|(figure, grown, enough)| (!enough).then_some((figure, grown)))
    }
}

/// The sum of a figure over all sets of labels that have that one, in all texts of an answer.
fn sum(data: &Value, figure: &str, label: &str) -> f64 {
    match data {
        Value::String(text) => text.lines().filter_map(|line| value(line, figure, label)).sum(),
        Value::Array(items) => items.iter().map(|item| sum(item, figure, label)).sum(),
        Value::Object(fields) => fields.values().map(|field| sum(field, figure, label)).sum(),
        _ => 0.0,
    }
}

/// The value on a line `name{labels} value` or `name value`, if that is its name, and the label is among those.
fn value(line: &str, figure: &str, label: &str) -> Option<f64> {
    let rest = line.strip_prefix(figure)?;
    let (labels, value) = rest.rsplit_once(' ')?;
    let is_it = labels.is_empty() || labels.starts_with('{') && labels.ends_with('}');
    (is_it && labels.contains(label)).then(|| value.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_summed_over_all_its_labels_and_no_other_is() {
        let text = "# TYPE took histogram\n\
                    took_sum{who=\"a b\"} 0.5\ntook_count{who=\"a b\"} 2\ntook_bucket{le=\"1.0\",who=\"a b\"} 2\n\
                    took_count{who=\"}\"} 3\ntook_count 4\ntook_counter 7\ntook_count{who=\"x\"} many\n# EOF\n";
        let data =
            json!({ "metrics": [{ "figures": text }, { "figures": "took_count 1" }, { "number": 5 }] });
        assert!((sum(&data, "took_count", "") - 10.0).abs() < 1e-9);
        assert!((sum(&data, "took_count", "who=\"x\"")).abs() < 1e-9);
        assert!((sum(&data, "took_bucket", "le=\"1.0\"") - 2.0).abs() < 1e-9);
        assert_eq!(sum(&json!(null), "took_count", ""), 0.0);
    }

    #[test]
    fn each_figure_of_a_histogram_has_to_grow_with_the_calls() {
        let seen = |count: f64, in_buckets: f64, sum: f64| Seen {
            count,
            in_buckets,
            sum,
        };
        let before = seen(10.0, 10.0, 0.5);
        assert_eq!(seen(15.0, 15.0, 0.6).lacks(before, 5), None);
        assert_eq!(seen(14.0, 15.0, 0.6).lacks(before, 5), Some(("_count", 4.0)));
        assert_eq!(seen(15.0, 10.0, 0.6).lacks(before, 5), Some(("_bucket", 0.0)));
        assert_eq!(seen(15.0, 15.0, 0.5).lacks(before, 5), Some(("_sum", 0.0)));
    }
}
