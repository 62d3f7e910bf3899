//! The GraphQL objects by themselves.

use crate::{child, server, server::start_with};
use futures_util::StreamExt;
use heap_admin::{HeapAdmin, Limits};
use std::{
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
};

#[test]
fn the_mutation_purges_unless_told_otherwise() {
    static PURGES: AtomicUsize = AtomicUsize::new(0);
    let server = start_with(|builder, folder| {
        builder.snapshots(folder.path(), Limits::default()).quiesce(|| {
            PURGES.fetch_add(1, Ordering::SeqCst);
        })
    });
    let fields = "{ live heldByAllocator outside rss machineTotal }";
    let read = server.ask(&format!("{{ memoryInfo {fields} }}"));
    let info = &read["data"]["memoryInfo"];
    let figure = |name: &str| info[name].as_u64().expect("a number");
    assert_eq!(
        figure("live") + figure("heldByAllocator") + figure("outside"),
        figure("rss"),
        "{info}"
    );
    server.ask(&format!("mutation {{ memoryInfo(purge: false) {fields} }}"));
    assert_eq!(PURGES.load(Ordering::SeqCst), 0);
    let purged = server.ask(&format!("mutation {{ memoryInfo {fields} }}"));
    assert!(purged["data"]["memoryInfo"]["live"].is_number(), "{purged}");
    assert_eq!(PURGES.load(Ordering::SeqCst), 1);
}

#[test]
fn names_that_do_not_fit_into_file_names_are_refused() {
    let server = server::start();
    let long = "x".repeat(65);
    for name in ["", "a/b", "../x", "a b", "ä", "a\\u0000b", "a\\nb", &long] {
        let answer = server.ask(&format!("mutation {{ takeSnapshot(name: \"{name}\") {{ id }} }}"));
        assert_eq!(
            answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT",
            "{name:?}: {answer}"
        );
    }
    let longest = "x".repeat(64);
    for name in ["..", ".", "-", "a.b_c-D9", &longest] {
        let taken = server.take(&format!("(name: \"{name}\")"));
        assert_eq!(taken["name"], name);
        assert_eq!(
            server.get(taken["url"].as_str().expect("a url")).status,
            200,
            "{taken}"
        );
    }
    assert_eq!(server.files().len(), 5);
}

#[test]
fn the_profiler_says_what_it_does() {
    let server = server::start();
    let answer = server.ask("{ profiler { active sampleInterval message hint } }");
    let profiler = &answer["data"]["profiler"];
    assert_eq!(profiler["active"], true);
    assert_eq!(profiler["sampleInterval"], 1 << 14);
    assert_eq!(
        profiler["message"],
        "the heap profiler samples every 16384 bytes on average"
    );
    assert!(profiler["hint"].is_null());
}

#[test]
fn without_the_profiler_snapshots_are_refused_and_figures_are_not() {
    let test = "schema::without_the_profiler_snapshots_are_refused_and_figures_are_not";
    let command = |binary: &str| {
        let mut command = Command::new(binary);
        command.env("_RJEM_MALLOC_CONF", "prof:false");
        command
    };
    child::run(test, command, || {
        let server = server::start();
        let answer = server.ask("mutation { takeSnapshot { id } }");
        let extensions = &answer["errors"][0]["extensions"];
        assert_eq!(extensions["code"], "PROFILER", "{answer}");
        assert!(
            extensions["hint"]
                .as_str()
                .is_some_and(|hint| hint.contains("prof:true")),
            "{answer}"
        );
        assert_eq!(server.get("/debug/pprof/heap").status, 503);
        assert!(server.ask("{ memoryInfo { live } }")["data"]["memoryInfo"]["live"].is_number());
        assert_eq!(
            server.ask("{ profiler { active } }")["data"]["profiler"]["active"],
            false
        );
        assert!(server.files().is_empty());
    });
}

#[tokio::test]
async fn the_subscription_brings_figures_at_once_and_again() {
    let admin = HeapAdmin::builder().build().expect("the defaults");
    let schema = server::schema(&admin);
    let looks: Vec<_> = schema
        .execute_stream("subscription { memory(intervalMs: 100) { live rss } }")
        .take(3)
        .collect()
        .await;
    for look in looks {
        let data = look
            .into_result()
            .expect("figures")
            .data
            .into_json()
            .expect("JSON");
        assert!(
            data["memory"]["live"].as_u64().is_some_and(|live| live > 0),
            "{data}"
        );
    }
}

#[tokio::test]
async fn intervals_out_of_bounds_are_refused() {
    let admin = HeapAdmin::builder().build().expect("the defaults");
    let schema = server::schema(&admin);
    for interval in [i32::MIN, -1, 0, 99, 60_001, i32::MAX] {
        let document = format!("subscription {{ memory(intervalMs: {interval}) {{ live }} }}");
        let answers: Vec<_> = schema.execute_stream(document).collect().await;
        assert_eq!(answers.len(), 1);
        let error = serde_json::to_value(&answers[0].errors[0]).expect("JSON");
        assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{error}");
        assert_eq!(
            error["message"],
            format!("intervalMs is between 100 and 60000, not {interval}")
        );
    }
}

#[test]
fn every_type_and_field_is_described() {
    let admin = HeapAdmin::builder().build().expect("the defaults");
    let document = "{ __schema { types { name kind description fields(includeDeprecated: true) { name description } \
        enumValues { name description } } } }";
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let answer = runtime.block_on(server::schema(&admin).execute(document));
    let types = answer.data.into_json().expect("JSON")["__schema"]["types"].take();
    for kind in types
        .as_array()
        .expect("a list")
        .iter()
        .filter(|kind| !is_built_in(kind))
    {
        let parts = [&kind["fields"], &kind["enumValues"]];
        let parts = parts.into_iter().filter_map(|list| list.as_array()).flatten();
        for item in parts.chain(
            [kind]
                .into_iter()
                .filter(|kind| kind["kind"] != "OBJECT" || !is_root(kind)),
        ) {
            let described = item["description"].as_str().is_some_and(|text| !text.is_empty());
            assert!(
                described,
                "{} of {} has no description",
                item["name"], kind["name"]
            );
        }
    }
}

fn is_built_in(kind: &serde_json::Value) -> bool {
    let name = kind["name"].as_str().expect("a name");
    name.starts_with("__") || ["Boolean", "Float", "ID", "Int", "String"].contains(&name)
}

/// The roots get their names and descriptions where they are merged.
fn is_root(kind: &serde_json::Value) -> bool {
    kind["name"].as_str().is_some_and(|name| name.starts_with("Heap"))
}
