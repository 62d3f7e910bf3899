//! Whose the bytes are: operations, fields and cohorts of real load on a real server.
//!
//! What a problem allocated is known in two ways that have nothing to do with each other: the label that its requests ran
//! under, and the problem's own folder in the names on the stack. Each must say what the other says.

use std::path::Path;
use std::process::Stdio;

use heap_profile::{
    COHORT, FIELD, Fields, INSTRUMENT, LabelValue, OPERATION, Profile, Schema, Symbolized, SymbolizedSample,
    Symbolizer,
};

use crate::harness::{Lab, binary, leaklab};

/// One sample in 16 KiB on average.
const CONF: (&str, &str) = ("_RJEM_MALLOC_CONF", "lg_prof_sample:14");
const CALLS: &str = "10000";

fn lab(flags: &[&str]) -> Lab {
    Lab::start_with(flags, |command| {
        command.env(CONF.0, CONF.1);
    })
}

/// Puts load on several problems at once.
fn load(lab: &Lab, problems: &[&str]) {
    let one = |problem: &&str| {
        let mut command = leaklab();
        command.args(["load", problem, "--json", "-c", "8", "-p", "4", "-a", CALLS]);
        command
            .env("LEAKLAB_TARGET", lab.public_url())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.spawn().expect("leaklab load runs")
    };
    for mut child in problems.iter().map(one).collect::<Vec<_>>() {
        assert!(child.wait().expect("it ends").success());
    }
}

/// A snapshot with names, and the schema that travels in it.
fn read(path: &Path) -> (Symbolized, Schema) {
    let profile = Profile::decode(&std::fs::read(path).expect("the snapshot")).expect("a profile");
    let schema = Schema::parse(profile.schema().expect("the schema travels along")).expect("a schema");
    let symbolized = Symbolizer::new().with_binary(binary()).symbolize(&profile);
    (symbolized.expect("the binary is there"), schema)
}

fn number(row: &SymbolizedSample, key: &str) -> Option<i64> {
    row.labels.iter().find_map(|label| match &label.value {
        LabelValue::Number(number, _) if *label.key == *key => Some(*number),
        _ => None,
    })
}

/// Whether a function of that folder is on the stack. As a part of other names, as those of the merged schema, it says
/// nothing.
fn passes_through(row: &SymbolizedSample, folder: &str) -> bool {
    let path = format!("problems::{folder}::");
    row.stack
        .iter()
        .any(|frame| frame.function.trim_start_matches('<').starts_with(&path))
}

/// Live bytes of the rows for which it holds.
fn bytes<'a>(rows: &[&'a SymbolizedSample], holds: impl Fn(&'a SymbolizedSample) -> bool) -> f64 {
    let bytes = |row: &SymbolizedSample| row.values.last().copied().unwrap_or(0) as f64;
    rows.iter().filter(|row| holds(row)).map(|row| bytes(row)).sum()
}

/// The live rows that were born in a cohort, but for the instrument's.
fn born_in(snapshot: &Symbolized, cohort: i64) -> Vec<&SymbolizedSample> {
    let is_the_loads = |row: &&SymbolizedSample| {
        number(row, COHORT) == Some(cohort) && row.text(OPERATION) != Some(INSTRUMENT)
    };
    snapshot.samples.iter().filter(is_the_loads).collect()
}

#[test]
fn the_bytes_of_two_problems_at_once_belong_to_their_own_operation_and_field() {
    let lab = lab(&[]);
    load(&lab, &["03", "07"]);
    lab.take_snapshot();
    load(&lab, &["03", "07"]);
    let (snapshot, schema) = read(&lab.take_snapshot());
    let fields = Fields::of(&snapshot, &schema);
    let rows = born_in(&snapshot, 1);
    assert!(
        rows.iter().all(|row| row.text(FIELD).is_none()),
        "no field is labelled"
    );
    let cases = [
        ("User", "Query.user", "p03_lookup"),
        ("Recommendations", "Query.recommendations", "p07_recommendations"),
    ];
    let mut of_problems = 0.0;
    for (operation, field, folder) in cases {
        let all = bytes(&rows, |row| {
            row.text(OPERATION) == Some(operation) || passes_through(row, folder)
        });
        let attributed = bytes(&rows, |row| {
            row.text(OPERATION) == Some(operation) && fields.field(row).as_deref() == Some(field)
        });
        println!(
            "{operation}: {:.3} % of {all:.0} bytes are {field}'s",
            attributed / all * 100.0
        );
        assert!(
            all > 10e6 && attributed >= 0.99 * all,
            "{operation}: {attributed} of {all}"
        );
        of_problems += all;
    }
    let all = bytes(&rows, |_| true);
    assert!(
        of_problems > 0.99 * all,
        "{of_problems} of {all} bytes belong to the two"
    );
}

#[test]
fn the_bytes_of_loader_tasks_belong_to_the_operation_and_to_the_field_where_fields_are_labelled() {
    for labelled in [false, true] {
        let lab = lab(if labelled { &["--field-labels"] } else { &[] });
        load(&lab, &["06"]);
        lab.take_snapshot();
        load(&lab, &["06"]);
        let (snapshot, _) = read(&lab.take_snapshot());
        let rows = born_in(&snapshot, 1);
        let all = bytes(&rows, |_| true);
        let of_operation = bytes(&rows, |row| row.text(OPERATION) == Some("Books"));
        let of_field = bytes(&rows, |row| row.text(FIELD) == Some("Book.author"));
        println!("labelled {labelled}: {of_operation:.0} and {of_field:.0} of {all:.0} bytes");
        assert!(
            all > 40e6 && of_operation >= 0.95 * all,
            "{of_operation} of {all}"
        );
        assert!(
            if labelled {
                of_field >= 0.95 * all
            } else {
                of_field == 0.0
            },
            "{of_field} of {all}"
        );
    }
}

#[test]
fn a_snapshot_tells_what_the_load_did_in_each_cohort() {
    let lab = lab(&[]);
    lab.call_problem("02", 200);
    lab.take_snapshot();
    lab.call_problem("02", 300);
    lab.ask("{ hello problems { id } }");
    let path = lab.take_snapshot();
    let profile = Profile::decode(&std::fs::read(path).expect("the snapshot")).expect("a profile");
    let info = profile.info().expect("of this version").expect("it is ours");
    let [first, second, now] = &info.cohorts[..] else {
        panic!("{:?}", info.cohorts);
    };
    assert_eq!((first.number, second.number, now.number), (0, 1, 2));
    let counted = |cohort: &heap_profile::Cohort, operation: &str| {
        let requests = cohort.operations.get(operation).copied().unwrap_or_default();
        assert_eq!((requests.started, requests.cancelled), (requests.completed, 0));
        requests.completed
    };
    assert_eq!(
        (counted(first, "SearchBooks"), counted(second, "SearchBooks")),
        (200, 300)
    );
    assert_eq!(counted(second, "{ hello problems }"), 1);
    assert!(first.connections >= 8 && second.connections >= 9, "{info:?}");
    assert!(second.duration_nanos > 0 && second.opened_nanos > first.opened_nanos);
    assert_eq!(
        (info.dropped, now.operations.len()),
        (heap_profile::Dropped::default(), 0)
    );
    assert!(info.memory["live"] > 0 && info.sample_interval == 1 << 14);
}

#[test]
fn the_live_heap_is_told_by_each_key_at_the_admin_door() {
    let lab = lab(&[]);
    load(&lab, &["03"]);
    for (key, first) in [
        ("OPERATION", "User"),
        ("FIELD", "Query.user"),
        ("COHORT", "0"),
        ("TYPE", "String"),
    ] {
        let fields = "bytes instrument rowCount rows { key objects bytes standardError frames }";
        let data = lab.admin(&format!("{{ liveHeap(by: {key}, first: 3) {{ {fields} }} }}"));
        let heap = &data["liveHeap"];
        assert_eq!(heap["rows"][0]["key"], first, "{heap}");
        let figure = |name: &str| heap["rows"][0][name].as_f64().expect("a figure");
        assert!(
            figure("bytes") > 15e6 && figure("bytes") > 5.0 * figure("standardError"),
            "{heap}"
        );
    }
    let data = lab.admin("{ liveHeap(by: STACK, first: 2) { rows { key frames } } }");
    let frames = data["liveHeap"]["rows"][0]["frames"].to_string();
    assert!(frames.contains("p03_lookup"), "{data}");
}

#[test]
fn the_lab_samples_as_finely_as_it_is_told() {
    let interval =
        |lab: &Lab| lab.admin("{ profiler { sampleInterval } }")["profiler"]["sampleInterval"].clone();
    let lab = Lab::start(&["--sample-interval", "8KiB"]);
    assert_eq!(interval(&lab), 8192);
    let set = lab.admin("mutation { setSampleInterval(bytes: 32768) { sampleInterval recording } }");
    assert_eq!(set["setSampleInterval"]["sampleInterval"], 32768);
    assert_eq!(
        (interval(&lab), set["setSampleInterval"]["recording"].clone()),
        (32768.into(), true.into())
    );
    let refused = lab.try_admin("mutation { setSampleInterval(bytes: 1000) { sampleInterval } }");
    assert_eq!(
        refused["errors"][0]["extensions"]["code"], "BAD_USER_INPUT",
        "{refused}"
    );
    assert_eq!(interval(&Lab::start(&[])), 1 << 16);
}
