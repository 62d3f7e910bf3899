//! Who holds the objects of leaking sites, in each format. Reports made by hand.

use heap_profile::holders::{
    Confidence, Counts, HOLDERS_VERSION, HolderPath, HolderRoot, HolderStep, Holders, RootKind, ScanFigures,
    Stopped,
};
use heap_profile::hunt::{JudgedSite, Report, Unit, Verdict};
use heap_profile::render::holders as words;
use heap_profile::render::hunt::{html, table};

use crate::hunt_support::{HOSTILE, leak, rate, site, steady, with_sites};

fn step(kind: &str, bytes: u64, times: u64) -> HolderStep {
    HolderStep {
        kind: (!kind.is_empty()).then(|| kind.to_owned()),
        bytes,
        times,
        distinct: 412,
        counts: None,
        weak_only: false,
    }
}

fn root(kind: RootKind, name: Option<&str>, thread: Option<&str>) -> HolderRoot {
    HolderRoot {
        kind,
        name: name.map(str::to_owned),
        thread: thread.map(str::to_owned),
        offset: (kind == RootKind::Static).then_some(16),
    }
}

fn path(objects: u64, steps: Vec<HolderStep>, root: HolderRoot) -> HolderPath {
    HolderPath {
        steps,
        root,
        objects,
        confidence: match objects {
            300.. => Confidence::Good,
            20.. => Confidence::Thin,
            _ => Confidence::Poor,
        },
    }
}

fn holders(paths: Vec<HolderPath>) -> Holders {
    Holders {
        version: HOLDERS_VERSION,
        drawn: 420,
        survivors: 12_345,
        paths,
        notes: Vec::new(),
        scan: ScanFigures {
            pause_seconds: 0.0174,
            seconds: 0.41,
            resident_bytes: 650 << 20,
            read_bytes: 1300 << 20,
            passes: 3,
            buffer_bytes: 12 << 20,
            copied_bytes: Some(3 << 20),
            stopped: None,
        },
    }
}

fn text() -> HolderStep {
    step("alloc::string::String", 2148, 1)
}

/// A chain that a static holds; a part of it a task as well, through the same block, and a thread.
fn shared() -> Holders {
    let mut visit = step("alloc::sync::Arc<shop::Visit>", 96, 49_812);
    visit.counts = Some(Counts { strong: 1, weak: 0 });
    let latest = root(RootKind::Static, Some("shop::lookup::VISITS"), None);
    let ticker = root(RootKind::Task, Some("shop::jobs::tick::{closure#0}"), None);
    let local = root(RootKind::ThreadLocal, Some("shop::SEEN"), Some("worker-1"));
    holders(vec![
        path(412, vec![text(), visit.clone()], latest),
        path(40, vec![text(), visit, step("", 4096, 1)], ticker),
        path(8, vec![text(), step("", 48, 1)], local),
    ])
}

/// Roots of the kinds that `shared` has not, and a path more than is shown.
fn scattered() -> Holders {
    let mut weak = step("alloc::sync::Arc<shop::Visit>", 96, 1);
    weak.weak_only = true;
    let pile = root(RootKind::Outside, Some("[heap]"), None);
    let mut holders = holders(vec![
        path(410, vec![text()], root(RootKind::Stack, None, Some("db"))),
        path(25, vec![text(), weak], pile),
        path(9, vec![text()], root(RootKind::UnreachableCycle, None, None)),
        path(7, vec![text()], root(RootKind::Unreachable, None, None)),
    ]);
    holders.notes = vec!["7 objects are held by several".to_owned()];
    holders
}

fn not_found() -> Holders {
    let mut holders = holders(vec![path(419, vec![text()], root(RootKind::Unknown, None, None))]);
    holders.notes = vec!["the search ended early".to_owned()];
    holders.scan.stopped = Some(Stopped::Levels);
    holders
}

/// Sites whose objects are held in each way.
pub(crate) fn held() -> Report {
    let of = |(function, holders): (&str, Holders)| JudgedSite {
        holders: Some(holders),
        field: Some(format!("Query.{}", &function[6..])),
        ..site(function, Verdict::Leak, rate(900.0, 20.0, Unit::Request))
    };
    let sites = [
        ("shop::lookup", shared()),
        ("shop::scatter", scattered()),
        ("shop::lost", not_found()),
        ("shop::nowhere", holders(Vec::new())),
    ];
    with_sites(steady(), sites.map(of).to_vec())
}

/// Names that do harm or are endless, a path of 200 steps, and no end of paths and notes.
pub(crate) fn held_hostile() -> Report {
    let long = format!("a::{}<{HOSTILE}>", "x".repeat(20_000));
    let mut steps: Vec<HolderStep> = (0..200)
        .map(|at| step(&format!("{HOSTILE}{at}"), u64::MAX, 1))
        .collect();
    steps[0] = step(&long, u64::MAX, u64::MAX);
    steps[1].weak_only = true;
    let roots = [
        root(RootKind::Static, Some(&long), None),
        root(RootKind::Static, Some(HOSTILE), None),
        root(RootKind::ThreadLocal, Some(HOSTILE), Some(HOSTILE)),
    ];
    let of = |root: &HolderRoot| path(u64::MAX, steps.clone(), root.clone());
    let mut holders = holders(roots.iter().cycle().take(500).map(of).collect());
    holders.notes = vec![HOSTILE.repeat(200); 500];
    holders.scan.pause_seconds = f64::MAX;
    holders.scan.read_bytes = u64::MAX;
    let mut report = leak();
    report.sites[0].holders = Some(holders);
    report.sites[1].holders = Some(self::holders(vec![path(0, Vec::new(), roots[2].clone())]));
    report
}

#[test]
fn holders_as_text() {
    let all = [shared(), scattered(), not_found(), holders(Vec::new())];
    let all: Vec<String> = all.iter().map(words::text).collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn who_holds_the_objects_as_a_page_has_it() {
    let page = html(&held(), "");
    let parts: Vec<&str> = page
        .split("<p><strong>Who holds it</strong></p>")
        .skip(1)
        .map(|rest| {
            rest.split("<div class=\"scroll\">")
                .next()
                .expect("there is a first")
        })
        .collect();
    assert_eq!(parts.len(), 4);
    insta::assert_snapshot!(parts.join("\n\n").replace("><", ">\n<"));
}

#[test]
fn the_headline_has_a_holder_that_is_beyond_doubt_and_no_other() {
    let whole = table(&held()).replace("\n      ", " ");
    let headline = whole.split("\n\n").next().expect("it comes first");
    let held: Vec<&str> = headline
        .lines()
        .filter(|line| line.starts_with("  held by"))
        .collect();
    assert_eq!(
        held,
        [
            "  held by 2.1 KB String <- Arc<Visit> x 49,812 <- static shop::lookup::VISITS (412 of 420 objects)",
            "  held by 2.1 KB String <- stack of thread db (410 of 420 objects)",
        ],
        "{headline}"
    );
    let mut thin = leak();
    let mut holders = shared();
    holders.paths[0].confidence = Confidence::Thin;
    thin.sites[0].holders = Some(holders);
    let whole = table(&thin);
    assert!(
        !whole
            .split("\n\n")
            .next()
            .expect("it comes first")
            .contains("held by"),
        "{whole}"
    );
    assert!(whole.contains("thin evidence"), "{whole}");
}

#[test]
fn what_is_held_has_a_picture_with_a_box_for_each_thing_and_shared_ones_once() {
    let mut report = leak();
    report.sites[0].holders = Some(shared());
    let page = html(&report, "");
    let picture = page
        .split("<svg")
        .find(|part| part.contains("Who holds the objects of site #1"))
        .expect("a picture");
    let picture = picture.split("</svg>").next().expect("it ends");
    let named = |name: &str| picture.matches(&format!(">{name}</text>")).count();
    for (name, times) in [
        ("String", 1),
        ("Arc&lt;Visit&gt;", 1),
        ("4.1 KB allocation", 1),
        ("48-byte allocation", 1),
        ("shop::lookup::VISITS", 1),
        ("96 B x 49,812", 1),
        ("thread-local of thread worker-1", 1),
        ("(412 of 420 objects)", 1),
        ("(8 of 420 objects)", 1),
    ] {
        assert_eq!(named(name), times, "{name} in {picture}");
    }
    assert_eq!(
        picture.matches("class=\"tip\"").count(),
        6,
        "an arrow to each but the first"
    );
    assert!(
        picture.contains("role=\"img\"") && picture.contains("<desc id="),
        "{picture}"
    );
}

#[test]
fn a_roots_name_is_short_in_the_picture_and_whole_where_the_mouse_rests() {
    let name = "<serve::Graceful<net::Listener<shop::Tap>, shop::Router>>::run";
    let mut report = leak();
    let task = root(RootKind::Task, Some(name), None);
    report.sites[0].holders = Some(holders(vec![path(412, vec![text()], task)]));
    let page = html(&report, "");
    assert!(page.contains(">serve::Graceful::run</text>"), "{page}");
    let escaped = name.replace('<', "&lt;").replace('>', "&gt;");
    assert!(page.contains(&format!("<title>task {escaped}</title>")), "{page}");
}

#[test]
fn names_and_paths_without_end_are_cut() {
    let report = held_hostile();
    let holders = report.sites[0].holders.as_ref().expect("it is held");
    let line = words::line(&holders.paths[0]);
    assert!(line.contains(" <- (189 more) <- "), "{line}");
    assert!(line.chars().count() < 3_000, "{}", line.len());
    let all = words::text(holders);
    assert!(all.contains("and by 400 paths more"), "{all}");
    assert!(all.len() < 400_000, "{}", all.len());
    let page = html(&report, "");
    assert!(page.len() < 100_000, "{}", page.len());
    assert!(page.contains("192 more"), "steps that are not drawn");
}

#[test]
fn without_holders_a_page_has_no_word_of_them() {
    let (without, with) = (html(&leak(), ""), html(&held(), ""));
    assert!(
        !without.contains("holders") && !without.contains("Who holds"),
        "{without}"
    );
    assert!(with.contains("svg.holders .static") && with.contains("Who holds"));
}
