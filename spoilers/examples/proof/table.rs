//! The table of the runs, in Markdown, and what they come to.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use problems::Problem;

use crate::Result;
use crate::run::{Answer, Run, Variant, name};

const HEAD: &str = "\
| problem | variant | runs | found | right field | right holder first | of the first three | false alarms | tried again | verdicts | bytes per unit | counted | seconds |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: |
";

/// A row for each problem and variant, and a line for each variant.
///
/// # Errors
/// Where a problem has no answer that can be read.
pub(crate) fn of(problems: &[Problem], runs: &[Run]) -> Result<String> {
    let mut text = HEAD.to_owned();
    for problem in problems {
        for variant in [Variant::Leaky, Variant::Healed, Variant::Innocent] {
            let of = |run: &&Run| run.problem == problem.id && run.variant == variant;
            let runs: Vec<&Run> = runs.iter().filter(of).collect();
            if !runs.is_empty() {
                row(&mut text, problem, variant, &runs)?;
            }
        }
    }
    text.push('\n');
    for variant in [Variant::Leaky, Variant::Healed, Variant::Innocent] {
        let of = |run: &&Run| run.variant == variant;
        let runs: Vec<&Run> = runs.iter().filter(of).collect();
        if !runs.is_empty() {
            sum(&mut text, variant, problems, &runs)?;
        }
    }
    Ok(text)
}

fn row(text: &mut String, problem: &Problem, variant: Variant, runs: &[&Run]) -> Result<()> {
    let (is_leaky, total) = (variant == Variant::Leaky, runs.len());
    let figure = |count: usize, is_shown: bool| {
        if is_shown {
            format!("{count} of {total}")
        } else {
            String::new()
        }
    };
    let counted = Answer::of(problem)?.counted().filter(|_| is_leaky);
    writeln!(
        text,
        "| {} | {} | {total} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
        problem.id,
        variant.name(),
        figure(count(runs, |run| run.right), is_leaky),
        figure(count(runs, |run| run.right_field), is_leaky),
        figure(count(runs, |run| run.right_holder), is_leaky),
        figure(count(runs, |run| run.holder_named), is_leaky),
        figure(count(runs, |run| !run.right), !is_leaky),
        count(runs, |run| run.undecided),
        verdicts(runs),
        spread(runs.iter().filter_map(|run| run.rate).map(|[rate, ..]| rate)),
        counted.map_or_else(String::new, |bytes| bytes.to_string()),
        spread(runs.iter().map(|run| run.seconds)),
    )?;
    Ok(())
}

fn sum(text: &mut String, variant: Variant, problems: &[Problem], runs: &[&Run]) -> Result<()> {
    let (name, total) = (variant.name(), runs.len());
    let mut covered = 0;
    for problem in problems {
        if let Some(counted) = Answer::of(problem)?.counted() {
            covered += count(runs, |run| {
                run.problem == problem.id && run.covers(counted as f64)
            });
        }
    }
    match variant {
        Variant::Leaky => writeln!(
            text,
            "- {name}: {} of {total} found with the right field; the right holder first in {}, of the first three in {}; \
             the interval has what was counted in {covered}",
            count(runs, Run::is_right),
            count(runs, |run| run.right_holder),
            count(runs, |run| run.holder_named),
        )?,
        _ => writeln!(
            text,
            "- {name}: {} of {total} accused",
            count(runs, |run| !run.right)
        )?,
    }
    Ok(())
}

fn count(runs: &[&Run], what: impl Fn(&Run) -> bool) -> usize {
    runs.iter().filter(|run| what(run)).count()
}

/// Each verdict, and how often there was more than one.
fn verdicts(runs: &[&Run]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for run in runs {
        *counts
            .entry(run.verdict.map_or_else(|| "none".to_owned(), name))
            .or_default() += 1;
    }
    let counts: Vec<String> = counts
        .iter()
        .map(|(verdict, count)| format!("{verdict} {count}"))
        .collect();
    counts.join(", ")
}

/// The median, and the least and the most where there are several.
fn spread(figures: impl Iterator<Item = f64>) -> String {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    match figures[..] {
        [] => String::new(),
        [only] => format!("{only:.0}"),
        [least, .., most] => {
            let half = figures.len() / 2;
            let median = f64::midpoint(figures[half], figures[figures.len() - 1 - half]);
            format!("{median:.0} ({least:.0} .. {most:.0})")
        }
    }
}
