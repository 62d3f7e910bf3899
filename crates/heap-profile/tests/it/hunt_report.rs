//! What the reports of a hunt look like. `INSTA_UPDATE=always cargo test --release -p heap-profile` renews the golden
//! files; the published schema has a command of its own.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use heap_profile::hunt::{Report, Unit, Verdict};
use heap_profile::render::hunt::{html, json, markdown, table};

use crate::hunt_holders::{held, held_hostile};
use crate::hunt_support::{
    empty, hostile, inconclusive, known, leak, per_second, rate, settled, site, steady, with_sites,
};

const RENEW: &str = "RENEW_SCHEMA=1 cargo test --release -p heap-profile --test it hunt_report::";

fn every_kind() -> [(&'static str, Report); 9] {
    [
        ("leak", leak()),
        ("per_second", per_second()),
        ("settled", settled()),
        ("inconclusive", inconclusive()),
        ("known", known()),
        ("empty", empty()),
        ("hostile", hostile()),
        ("held", held()),
        ("held_hostile", held_hostile()),
    ]
}

#[test]
fn reports_as_tables() {
    for (name, report) in every_kind() {
        insta::assert_snapshot!(format!("table_{name}"), table(&report));
    }
}

#[test]
fn reports_as_markdown() {
    for (name, report) in every_kind() {
        insta::assert_snapshot!(format!("markdown_{name}"), markdown(&report));
    }
}

#[test]
fn a_report_as_json() {
    insta::assert_snapshot!(json(&inconclusive()));
}

#[test]
fn the_first_line_is_the_answer() {
    let first = |report: &Report| table(report).lines().next().expect("a line").to_owned();
    let two = |unit| {
        let leak = |function, field: &str| {
            let mut site = site(function, Verdict::Leak, rate(64.0, 1.0, unit));
            site.field = Some(field.to_owned());
            site
        };
        with_sites(
            steady(),
            vec![leak("a::b", "Subscription.x"), leak("c::d", "Query.y")],
        )
    };
    for (report, answer) in [
        (
            leak(),
            "leak: Query.hello keeps 7,190 bytes of each request (95 %: 7,020 to 7,360)",
        ),
        (
            per_second(),
            "leak: shop::jobs::tick grows by 51,234 bytes per second, with or without load (95 %: 50,334 to 52,134)",
        ),
        (
            two(Unit::Event),
            "leak: Subscription.x keeps 64 bytes of each event (95 %: 63 to 65)",
        ),
        (
            settled(),
            "no leak: a leak of 3.1 bytes per request or more, or of 900 bytes per second without load, \
             would have been seen",
        ),
        (
            inconclusive(),
            "inconclusive: Query.hello may keep up to 12 bytes per request (estimate: 3); about 12,000 more requests \
             would decide it",
        ),
        (empty(), "inconclusive: not enough evidence"),
    ] {
        let whole = table(&report).replace("\n    ", " ");
        assert!(whole.starts_with(&format!("{answer}\n")), "{answer}\n\n{whole}");
        assert!(answer.starts_with(&first(&report)), "{}", first(&report));
    }
}

#[test]
fn known_leaks_do_not_shout() {
    let (table, page) = (table(&known()), html(&known(), ""));
    assert!(table.starts_with("no new leak: "), "{table}");
    assert!(
        table.contains("\nknown: Query.hello keeps 7,190 bytes"),
        "{table}"
    );
    assert!(page.contains("<header class=\"steady\">"), "{page}");
    let mut report = known();
    report.sites[1].verdict = Verdict::Leak;
    let report = with_sites(steady(), report.sites);
    let new = crate::hunt_report::table(&report);
    assert!(new.starts_with("leak: shop::prices::load keeps"), "{new}");
}

#[test]
fn tables_fit_the_terminal() {
    for (name, report) in every_kind() {
        for line in table(&report).lines() {
            assert!(line.chars().count() <= 100, "{name}: {line}");
        }
    }
}

#[test]
fn hostile_names_stay_text_in_every_format() {
    for report in [hostile(), held_hostile()] {
        hostile_names_stay_text(&report);
    }
}

fn hostile_names_stay_text(report: &Report) {
    let (table, markdown, page) = (table(report), markdown(report), html(report, ""));
    for text in [&table, &markdown, &page] {
        assert!(!text.contains(['\u{0}', '\u{1b}']), "{text:?}");
    }
    for text in [&markdown, &page] {
        for outside in ["<img", "<script", "\"onerror", "</style><script"] {
            assert!(!text.contains(outside), "{outside} in {text}");
        }
    }
    assert_eq!(page.matches("</style>").count(), 1, "{page}");
    assert!(!markdown.replace("\\]", "").contains("](//"), "{markdown}");
    let columns = |line: &str| line.replace("\\|", "").matches('|').count() - 1;
    let rows: Vec<&str> = markdown.lines().filter(|line| line.starts_with("| ")).collect();
    assert!(
        rows.iter().all(|row| [2, 3, 4, 7].contains(&columns(row))),
        "{rows:#?}"
    );
}

#[test]
fn a_page_as_html() {
    let mut report = leak();
    report.sites.truncate(1);
    insta::assert_snapshot!(html(&report, "<svg></svg>"));
}

#[test]
fn a_page_needs_nothing_else() {
    for (name, report) in every_kind() {
        // As text it may stand there; that it is no element, another test says.
        let page = html(&report, "").replace("img src=x", "");
        for outside in [
            "<script",
            "<link rel=\"stylesheet",
            "@import",
            "url(",
            " src=",
            "href=\"http",
            "href=\"//",
            "<iframe",
            "NaN",
            "inf\"",
        ] {
            assert!(!page.contains(outside), "{outside} in {name}");
        }
        let addresses = page.matches("http://").count() + page.matches("https://").count();
        let names_of_svg = page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count();
        assert_eq!(addresses, names_of_svg, "{name}: the name of SVG is no address");
        let policy = "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\"";
        assert!(page.contains(policy), "{name}");
    }
}

#[test]
fn figures_that_are_none_are_told_and_not_drawn() {
    let mut report = leak();
    report.sites[0].rungs[0] = rate(f64::NAN, 1.0, Unit::Request);
    report.sites[0].rungs[1] = rate(5.0, f64::INFINITY, Unit::Request);
    report.phases[0].seconds = f64::NAN;
    let page = html(&report, "");
    assert!(!page.contains("NaN") && !page.contains("inf\""), "{page}");
    assert!(table(&report).contains("5 (-∞ to ∞)"), "{}", table(&report));
}

#[test]
fn every_picture_has_a_title_a_description_and_its_figures_in_a_table() {
    let page = html(&leak(), "");
    let pictures = page.matches("<svg").count();
    assert_eq!(pictures, 3, "growth of one site, live bytes, memory");
    assert_eq!(page.matches("role=\"img\"").count(), pictures);
    assert_eq!(page.matches("<desc id=").count(), pictures);
    assert_eq!(
        page.matches("<summary>The figures</summary>").count(),
        2,
        "rungs and phases"
    );
}

#[test]
fn tags_are_closed() {
    for (name, report) in every_kind() {
        let page = html(&report, "<svg></svg>");
        for tag in [
            "svg", "g", "rect", "line", "circle", "polyline", "text", "table", "details", "td", "p", "div",
        ] {
            let opened =
                page.matches(&format!("<{tag} ")).count() + page.matches(&format!("<{tag}>")).count();
            assert_eq!(
                opened,
                page.matches(&format!("</{tag}>")).count(),
                "{tag} in {name}"
            );
        }
    }
}

/// The schema as it is in the repository, written anew first where that is asked for; and as the code has it.
static SCHEMA: LazyLock<(String, String)> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema/hunt.schema.json");
    let schema = schemars::schema_for!(Report);
    let schema = serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n";
    if std::env::var_os("RENEW_SCHEMA").is_some() {
        std::fs::write(&path, &schema).expect("the schema can be written");
    }
    (std::fs::read_to_string(&path).unwrap_or_default(), schema)
});

#[test]
fn the_published_schema_is_the_one_of_the_report() {
    let (published, schema) = &*SCHEMA;
    assert!(
        published == schema,
        "schema/hunt.schema.json is not that of the report; if that is meant, renew it: {RENEW}\n\n{schema}"
    );
}

#[test]
fn a_report_has_the_parts_that_the_published_schema_names_and_can_be_read_again() {
    let schema: serde_json::Value = serde_json::from_str(&SCHEMA.0).expect("it is JSON");
    let names = |value: &serde_json::Value| -> BTreeSet<String> {
        value.as_object().expect("an object").keys().cloned().collect()
    };
    let (parts, site_parts) = (
        names(&schema["properties"]),
        names(&schema["$defs"]["JudgedSite"]["properties"]),
    );
    let holders_parts = names(&schema["$defs"]["Holders"]["properties"]);
    for (name, report) in every_kind() {
        let mut value: serde_json::Value = serde_json::from_str(&json(&report)).expect("it is JSON");
        assert_eq!(names(&value), parts, "{name}");
        for site in value["sites"].as_array().expect("a list") {
            assert_eq!(names(site), site_parts, "{name}");
            if !site["holders"].is_null() {
                assert_eq!(names(&site["holders"]), holders_parts, "{name}");
            }
        }
        assert_eq!(
            serde_json::from_value::<Report>(value.clone()).expect("it is a report"),
            report
        );
        value["verdict"] = "perhaps".into();
        assert!(serde_json::from_value::<Report>(value).is_err(), "{name}");
    }
}

#[test]
fn a_report_of_before_there_were_holders_is_read() {
    let mut value: serde_json::Value = serde_json::from_str(&json(&leak())).expect("it is JSON");
    let report = value.as_object_mut().expect("an object");
    assert!(report.remove("bornBefore").is_some());
    for site in report["sites"].as_array_mut().expect("a list") {
        let site = site.as_object_mut().expect("an object");
        assert!(site.remove("stacks").is_some() && site.remove("holders").is_some());
    }
    let read: Report = serde_json::from_value(value).expect("it is a report");
    let mut expected = leak();
    expected.born_before = None;
    expected.sites.iter_mut().for_each(|site| site.stacks.clear());
    assert_eq!(read, expected);
}
