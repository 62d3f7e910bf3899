//! What the door serves besides GraphQL.

use crate::server::{Server, start, start_with};
use heap_admin::Limits;
use std::{env, fs, hint::black_box, process::Command};

/// gzip's magic number.
const GZIP: [u8; 2] = [0x1f, 0x8b];

#[test]
fn a_snapshot_is_taken_listed_downloaded_and_deleted() {
    let server = start();
    let taken = server.take("(name: \"first\")");
    let id = taken["id"].as_str().expect("an id");
    assert!(id.contains("-first-"), "{id}");
    assert_eq!(taken["reason"], "MANUAL");
    assert_eq!(taken["url"], format!("/snapshots/{id}"));
    assert!(
        taken["memory"]["live"].as_u64().is_some_and(|live| live > 0),
        "{taken}"
    );
    assert!(
        taken["takenAt"]
            .as_str()
            .is_some_and(|moment| moment.ends_with('Z')),
        "{taken}"
    );

    let file = server.get(taken["url"].as_str().expect("a url"));
    assert_eq!((file.status, &file.body[..2]), (200, &GZIP[..]));
    assert_eq!(taken["bytes"], file.body.len());
    assert_eq!(file.header("content-type"), "application/octet-stream");
    assert_eq!(
        file.header("content-disposition"),
        format!("attachment; filename=\"{id}.pb.gz\"")
    );
    assert_eq!(file.header("content-length"), file.body.len().to_string());
    let stored = fs::read(server.folder.path().join(format!("{id}.pb.gz"))).expect("the file");
    assert!(stored == file.body, "the file is served as it is");

    let listed = server.ask(&format!(
        "{{ snapshots {{ id }} snapshot(id: \"{id}\") {{ name }} }}"
    ));
    assert_eq!(listed["data"]["snapshots"][0]["id"], id);
    assert_eq!(listed["data"]["snapshot"]["name"], "first");

    let delete = format!("mutation {{ deleteSnapshot(id: \"{id}\") }}");
    assert_eq!(server.ask(&delete)["data"]["deleteSnapshot"], true);
    assert_eq!(server.ask(&delete)["data"]["deleteSnapshot"], false);
    assert_eq!(server.get(&format!("/snapshots/{id}")).status, 404);
    assert!(server.files().is_empty());
}

#[test]
fn ids_are_looked_up_and_lead_nowhere_else() {
    let server = start();
    fs::write(server.folder.path().join("foreign.pb.gz"), "somebody else's").expect("a file");
    server.take("");
    for id in [
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e%2fsnapshots",
        "..",
        "foreign",
        "heap-snapshots.json",
        "%00",
    ] {
        let answer = server.get(&format!("/snapshots/{id}"));
        assert_eq!(answer.status, 404, "{id}");
    }
    let answer = server.get("/snapshots/foreign").json();
    assert_eq!(answer["error"]["code"], "NOT_FOUND");
    let answer = server.ask("mutation { deleteSnapshot(id: \"foreign\") }");
    assert_eq!(answer["data"]["deleteSnapshot"], false);
    assert_eq!(server.files().len(), 2);
}

#[test]
fn a_fresh_profile_is_served_and_not_stored() {
    let server = start();
    let answer = server.get("/debug/pprof/heap");
    assert_eq!((answer.status, &answer.body[..2]), (200, &GZIP[..]));
    // What was allocated over time is known to a recorder alone.
    let answer = server.get("/debug/pprof/allocs");
    let error = &answer.json()["error"];
    assert_eq!((answer.status, &error["code"]), (503, &"PROFILER".into()));
    assert!(
        error["hint"]
            .as_str()
            .is_some_and(|hint| hint.contains("Recorder")),
        "{error}"
    );
    assert!(server.files().is_empty());
}

#[test]
fn the_way_in_leads_to_the_page() {
    let server = start();
    for answer in [server.get("/"), server.head("/")] {
        assert_eq!((answer.status, answer.header("location")), (303, "/graphql"));
    }
}

#[test]
fn a_link_on_another_page_cannot_have_a_profile_taken() {
    let server = start_with(|builder, folder| {
        builder
            .snapshots(folder.path(), Limits::default())
            .quiesce(|| panic!("no profile should begin"))
    });
    let request = ureq::get(format!("http://{}/debug/pprof/heap", server.address))
        .header("sec-fetch-site", "cross-site")
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-dest", "document");
    let refused = request.call().expect_err("a foreign page");
    assert!(matches!(refused, ureq::Error::StatusCode(403)), "{refused}");
}

#[test]
fn head_of_the_fresh_profile_takes_no_dump() {
    let server = start();
    server.runtime.block_on(server.admin.finish());
    // A dump would be refused from now on, as that of a GET is.
    let get = server.get("/debug/pprof/heap");
    assert_eq!(
        (get.status, &get.json()["error"]["code"]),
        (503, &"SHUTTING_DOWN".into())
    );
    let head = server.head("/debug/pprof/heap");
    assert_eq!(
        (head.status, head.header("content-type")),
        (200, "application/octet-stream")
    );
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error_with_a_code_and_the_service_lives_on() {
    let server = start_with(|builder, folder| {
        let file = folder.path().join("file");
        fs::write(&file, "no folder").expect("a file");
        builder.snapshots(file.join("snapshots"), Limits::default())
    });
    let answer = server.ask("mutation { takeSnapshot { id } }");
    assert_eq!(answer["errors"][0]["extensions"]["code"], "SNAPSHOT_STORE");
    let message = answer["errors"][0]["message"].as_str().expect("a message");
    assert!(
        message.starts_with("cannot create the snapshot folder /"),
        "{message}"
    );
    assert!(message.ends_with("/file/snapshots: not a directory"), "{message}");
    assert!(answer["errors"][0]["extensions"]["hint"].is_string(), "{answer}");
    assert!(server.ask("{ memoryInfo { live } }")["data"]["memoryInfo"]["live"].is_number());
    assert_eq!(server.get("/debug/pprof/heap").status, 200);
    assert_eq!(server.get("/snapshots/x").status, 500);
}

#[inline(never)]
fn keep_some_covers() -> Vec<Vec<u8>> {
    black_box((0..8 * 1024).map(|_| vec![1; 1024]).collect())
}

#[test]
fn go_tool_pprof_opens_what_is_downloaded() {
    let Some(go) = go() else { return };
    let server = start();
    let covers = keep_some_covers();
    let taken = server.take("(name: \"covers\")");
    let file = server.folder.path().join("downloaded");
    fs::write(&file, server.get(taken["url"].as_str().expect("a url")).body).expect("a file");
    let binary = env::current_exe().expect("the test binary's own path");
    let output = Command::new(go)
        .args([
            "tool",
            "pprof",
            "-top",
            "-cum",
            "-nodecount=100000",
            "-symbolize=local",
        ])
        .args([&binary, &file])
        .env("HOME", server.folder.path())
        .output()
        .expect("go starts");
    let (text, errors) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{errors}");
    assert!(text.contains("Type: inuse_space"), "{text}");
    assert!(text.contains("keep_some_covers"), "{text}\n{errors}");
    drop(covers);
}

#[test]
fn go_tool_pprof_opens_the_address_of_a_fresh_profile() {
    let Some(go) = go() else { return };
    let server = start();
    let covers = keep_some_covers();
    let output = Command::new(go)
        .args(["tool", "pprof", "-top"])
        .arg(format!("http://{}/debug/pprof/heap", server.address))
        .env("HOME", server.folder.path())
        .output()
        .expect("go starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("Type: inuse_space"),
        "{errors}"
    );
    drop(covers);
}

/// Where `go` is. Required where `CI=true`; elsewhere its absence is told.
fn go() -> Option<&'static str> {
    let found = ["/usr/bin/go", "/usr/local/go/bin/go"]
        .into_iter()
        .find(|path| fs::exists(path).unwrap_or(false));
    if found.is_none() {
        assert_ne!(
            env::var("CI").as_deref(),
            Ok("true"),
            "go is required where CI=true: install golang-go"
        );
        eprintln!("skipped: there is no go to open the profile with");
    }
    found
}

#[test]
fn a_page_of_another_origin_cannot_take_a_snapshot() {
    let server = start();
    let Server { address, .. } = &server;
    let url = format!("http://{address}/graphql");
    let body = serde_json::json!({ "query": "mutation { takeSnapshot { id } }" });
    let request = ureq::post(&url).header("origin", "http://evil.example");
    let refused = request.send_json(body).expect_err("a foreign origin");
    assert!(matches!(refused, ureq::Error::StatusCode(403)), "{refused}");
    for path in ["/debug/pprof/heap", "/snapshots/x"] {
        let request = ureq::get(format!("http://{address}{path}")).header("host", "evil.example");
        let refused = request.call().expect_err("a foreign host");
        assert!(matches!(refused, ureq::Error::StatusCode(400..=499)), "{refused}");
    }
    assert!(server.files().is_empty());
}
