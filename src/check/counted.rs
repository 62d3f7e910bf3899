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

/// Refuses what leaves calls out of the figure that they belong to, of so many.
///
/// # Errors
/// [`Refusal`]; whatever a question can fail with.
pub(super) async fn each_call(door: &PublicDoor, problem: &Problem, calls: u32) -> Result<(), Error> {
    let Some(count) = &problem.requires.counts else {
        return Ok(());
    };
    let before = total(door, count).await?;
    let calls = clients::call(door, problem, calls).await?;
    let until = Instant::now() + PATIENCE;
    let counted = loop {
        let counted = total(door, count).await? - before;
        if counted >= f64::from(calls) {
            return Ok(());
        }
        if Instant::now() >= until {
            break counted;
        }
        sleep(LOOK_EVERY).await;
    };
    Err(Refusal::new(
        format!("{calls} calls were made, and {} grew by {counted}", count.figure),
        "count each call as before, under the same name",
    )
    .into())
}

async fn total(door: &PublicDoor, count: &Count) -> Result<f64, Error> {
    let data = door.ask(&count.document, &json!({})).await?;
    Ok(sum(&data, &count.figure))
}

/// The sum of a figure over all sets of labels, in all texts of an answer.
fn sum(data: &Value, figure: &str) -> f64 {
    match data {
        Value::String(text) => text.lines().filter_map(|line| value(line, figure)).sum(),
        Value::Array(items) => items.iter().map(|item| sum(item, figure)).sum(),
        Value::Object(fields) => fields.values().map(|field| sum(field, figure)).sum(),
        _ => 0.0,
    }
}

/// The value on a line `name{labels} value` or `name value`, if that is its name.
fn value(line: &str, figure: &str) -> Option<f64> {
    let rest = line.strip_prefix(figure)?;
    let (labels, value) = rest.rsplit_once(' ')?;
    let is_it = labels.is_empty() || labels.starts_with('{') && labels.ends_with('}');
    is_it.then(|| value.parse().ok())?
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
        assert!((sum(&data, "took_count") - 10.0).abs() < 1e-9);
        assert_eq!(sum(&json!(null), "took_count"), 0.0);
    }
}
