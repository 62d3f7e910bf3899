//! Who holds what leaks, as a hunt asks for it: of services that can tell, that cannot, and that are too old to be asked.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use heap_profile::holders::{
    CodeAddress, Edge, Holder, MappedFile, Object, REFERENCE_GRAPH_VERSION, ReferenceGraph, Root, RootKind,
};
use heap_profile::hunt::{Report, Verdict};
use heap_profile::render;
use serde_json::{Value, json};

use super::{Hunt, lab_of, told};
use crate::harness::{Lab, binary, is_running, signal};
use crate::holders::answer;

/// How the answer to a GraphQL request is changed: given the request, and what the lab has answered.
type Change = dyn Fn(&str, String) -> String + Send + Sync;

/// An admin door before that of a lab, which changes its answers; gives its address.
fn door_before(lab: &Lab, change: impl Fn(&str, String) -> String + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound address");
    let (lab, change): (_, Arc<Change>) = (lab.admin_url().to_owned(), Arc::new(change));
    // They end with the test.
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let (lab, change) = (lab.clone(), Arc::clone(&change));
            std::thread::spawn(move || pass_on(client, &lab, &*change));
        }
    });
    format!("http://{address}")
}

fn pass_on(client: TcpStream, lab: &str, change: &Change) {
    let mut reader = BufReader::new(client.try_clone().expect("a socket"));
    let mut line = String::new();
    reader.read_line(&mut line).expect("a request");
    let path = line.split(' ').nth(1).expect("a path").to_owned();
    let mut length = 0;
    while line.trim() != "" {
        line.clear();
        reader.read_line(&mut line).expect("a header");
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().expect("a length");
        }
    }
    let mut request = vec![0; length];
    reader.read_exact(&mut request).expect("a body");
    let answer = answer_of_lab(&format!("{lab}{path}"), &request);
    let answer = match std::str::from_utf8(&request) {
        Ok(request) if !request.is_empty() => {
            change(request, String::from_utf8(answer).expect("JSON")).into_bytes()
        }
        _ => answer,
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        answer.len()
    );
    // A hunt that was ended reads no more.
    let _ = (&client).write_all(&[head.as_bytes(), &answer].concat());
}

fn answer_of_lab(url: &str, request: &[u8]) -> Vec<u8> {
    let answer = if request.is_empty() {
        ureq::get(url).call()
    } else {
        ureq::post(url)
            .header("content-type", "application/json")
            .send(request)
    };
    let mut answer = answer.expect("the lab answers");
    answer.body_mut().read_to_vec().expect("a body")
}

/// Hunts the worked example through such a door: it leaks in any case.
fn hunt_before(change: impl Fn(&str, String) -> String + Send + Sync + 'static) -> (Hunt, Report, String) {
    let lab = Lab::start(&["--field-labels", "--sample-interval", "16KiB"]);
    let door = door_before(&lab, change);
    let mut hunt = Hunt::new(&[
        "00",
        "--format",
        "json",
        "--target",
        lab.public_url(),
        "--admin",
        &door,
    ]);
    let (code, stdout, stderr) = hunt.run();
    assert_eq!(code, Some(1), "{stderr}");
    let report: Report = serde_json::from_str(&stdout).expect("a report");
    assert_eq!(report.verdict, Verdict::Leak);
    (hunt, report, stderr)
}

fn asks_for_holders(request: &str) -> bool {
    request.contains("findHolders(")
}

/// One object, in the C library's heap.
fn graph() -> ReferenceGraph {
    ReferenceGraph {
        version: REFERENCE_GRAPH_VERSION,
        survivors: 7,
        targets: vec![0],
        objects: vec![Object {
            bytes: 48,
            explored: true,
            ..Object::default()
        }],
        roots: vec![Root::Outside {
            mapping: "[heap]".to_owned(),
        }],
        edges: vec![Edge {
            holder: Holder::Root(0),
            offset: 0,
            held: 0,
            into: 0,
            chain: 0,
            vtable: None::<CodeAddress>,
        }],
        files: vec![MappedFile {
            path: binary().display().to_string(),
            build_id: heap_profile::build_id_of(&binary())
                .expect("a program")
                .expect("an id"),
        }],
        ..ReferenceGraph::default()
    }
}

#[test]
fn what_the_service_tells_is_named_and_kept() {
    let asked = Arc::new(std::sync::Mutex::new(Vec::<Value>::new()));
    let (noted, told) = (Arc::clone(&asked), graph().to_json());
    let (hunt, report, stderr) = hunt_before(move |request, answer| {
        if !asks_for_holders(request) {
            return answer;
        }
        noted
            .lock()
            .expect("no panic")
            .push(serde_json::from_str(request).expect("JSON"));
        json!({ "data": { "findHolders": { "graph": told } } }).to_string()
    });
    let site = &report.sites[0];
    let holders = site.holders.as_ref().unwrap_or_else(|| panic!("{stderr}"));
    assert_eq!((holders.drawn, holders.survivors), (1, 7));
    assert_eq!(holders.paths[0].root.kind, RootKind::Outside);
    assert!(stderr.contains(": held by 48-byte allocation <- "), "{stderr}");
    let kept = std::fs::read_to_string(hunt.file("holders-1.json")).expect("it is kept");
    assert_eq!(ReferenceGraph::from_json(&kept).expect("a graph"), graph());
    // It was asked about the site's own stacks, and for what the rungs have left.
    let asked = asked.lock().expect("no panic");
    let stacks: Vec<String> = site.stacks.iter().map(u32::to_string).collect();
    assert_eq!(asked[0]["variables"]["stacks"], json!(stacks));
    assert_eq!(asked[0]["variables"]["bornBefore"], json!(report.born_before));
    let leaks = report.sites.iter().filter(|site| site.verdict == Verdict::Leak);
    assert_eq!(asked.len(), leaks.count().min(3));
}

#[test]
fn a_scan_that_fails_is_a_note_and_the_verdict_stands() {
    let (hunt, report, _) = hunt_before(|request, answer| {
        if !asks_for_holders(request) {
            return answer;
        }
        let error =
            json!({ "message": "the reference scan failed: so", "extensions": { "hint": "ask again" } });
        json!({ "data": null, "errors": [error] }).to_string()
    });
    let expected = " leaks is not known: the admin door would not say who holds it: the reference scan failed: so; hint: ask again";
    let is_told = |note: &String| note.starts_with("who holds what ") && note.ends_with(expected);
    assert!(report.notes.iter().any(is_told), "{:?}", report.notes);
    assert!(report.sites[0].holders.is_none());
    assert!(!hunt.file("holders-1.json").exists());
}

#[test]
fn a_service_from_before_there_was_such_a_scan_is_not_asked() {
    let (_, report, stderr) = hunt_before(|request, answer| {
        assert!(!asks_for_holders(request));
        answer.replace("\"findHolders\"", "\"findNobody\"")
    });
    let expected = "who holds what leaks cannot be asked: the service has no `findHolders`; hint: build it with a newer heap-admin";
    assert!(
        report.notes.iter().any(|note| note == expected),
        "{:?}",
        report.notes
    );
    assert!(stderr.contains(&format!("warning: {expected}\n")), "{stderr}");
    assert!(report.sites[0].holders.is_none());
}

#[test]
fn an_interrupt_while_it_asks_leaves_the_report() {
    let lab = Lab::start(&["--field-labels", "--sample-interval", "16KiB"]);
    let (asked, asks) = std::sync::mpsc::channel();
    let door = door_before(&lab, move |request, answer| {
        if asks_for_holders(request) {
            asked.send(()).expect("the test listens");
            // It never answers: this thread ends with the test.
            loop {
                std::thread::park();
            }
        }
        answer
    });
    let mut hunt = Hunt::new(&["00", "--target", lab.public_url(), "--admin", &door]);
    let child = hunt.start();
    asks.recv().expect("it asks");
    signal(child.id(), "INT");
    let (code, stdout, stderr) = told(child.wait_with_output().expect("it ends"));
    assert_eq!((code, stdout.as_str()), (Some(130), ""), "{stderr}");
    assert!(
        stderr.contains("error: the hunt stopped while it asked who holds what leaks: interrupted\nhint: what was found until then is in "),
        "{stderr}"
    );
    let report = std::fs::read_to_string(hunt.file("report.json")).expect("a report");
    let report: Report = serde_json::from_str(&report).expect("a report");
    assert_eq!(report.verdict, Verdict::Leak);
}

#[test]
fn the_holder_that_a_problems_answer_names_comes_first() {
    let mut hunt = Hunt::new(&["03", "--format", "json"]);
    let (code, stdout, stderr) = hunt.run();
    assert_eq!(code, Some(1), "{stderr}");
    let report: Report = serde_json::from_str(&stdout).expect("a report");
    let site = &report.sites[0];
    let holders = site
        .holders
        .as_ref()
        .unwrap_or_else(|| panic!("{:?}\n{stderr}", report.notes));
    let first = &holders.paths[0];
    assert_eq!(
        render::holders::root(&first.root),
        answer("p03_lookup").holder,
        "{stderr}"
    );
    assert!(first.objects * 2 > holders.drawn, "{first:?}");
    let kept = std::fs::read_to_string(hunt.file("holders-1.json")).expect("it is kept");
    let graph = ReferenceGraph::from_json(&kept).expect("a graph");
    assert_eq!(graph.targets.len() as u64, holders.drawn);
    assert!(!is_running(lab_of(&stderr)), "{stderr}");
}
