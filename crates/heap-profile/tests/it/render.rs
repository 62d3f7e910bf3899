//! What comparisons and flame graphs look like. `INSTA_UPDATE=always cargo test --release -p heap-profile` renews the
//! golden files.

use heap_profile::{Comparison, INSTRUMENT, compare, render};

use crate::builder::{live, recorded};
use crate::support::{LOADER, OWN, STD, bytes_only, frame, taken_by, with_objects};
use crate::views::KEYS;

fn comparison() -> Comparison {
    let push = frame("<alloc::vec::Vec<shop::catalog::Item>>::push", STD, 2);
    let keep = [
        push.clone(),
        frame("<shop::Query>::keep::{closure#0}", OWN, 31),
        frame(
            "shop::_::<impl shop::Query>::__keep_resolver::{closure#0}",
            OWN,
            12,
        ),
        frame("engine::execute", LOADER, 5),
        frame("shop::serve::{closure#2}", OWN, 80),
    ];
    let list = [push, frame("shop::list", OWN, 7)];
    let parse = [frame("engine::parse", LOADER, 9)];
    let flat = [frame("shop::main", OWN, 99)];
    let a = with_objects(&[
        (&keep, 10, 10 << 10),
        (&list, 1, 900),
        (&parse, 5, 3 << 20),
        (&flat, 1, 64),
    ]);
    let b = with_objects(&[
        (&keep, 500, 5 << 20),
        (&list, 2, 2000),
        (&parse, 4, 2 << 20),
        (&flat, 1, 64),
    ]);
    let c = with_objects(&[
        (&keep, 1010, 10 << 20),
        (&list, 3, 2100),
        (&parse, 1, 1 << 20),
        (&flat, 1, 64),
    ]);
    compare(&[("warm", &a), ("loaded", &b), ("loaded-more", &c)]).expect("they fit")
}

#[test]
fn a_comparison_as_a_table() {
    insta::assert_snapshot!(render::table(&comparison(), 20));
}

#[test]
fn a_comparison_as_markdown() {
    insta::assert_snapshot!(render::markdown(&comparison(), 2));
}

#[test]
fn a_comparison_as_json() {
    insta::assert_snapshot!(render::json(&comparison(), 1));
}

/// As the recorder tells it: with births, operations, and what the instrument itself holds.
fn recorded_comparison() -> Comparison {
    let push = frame("<alloc::vec::Vec<shop::catalog::Item>>::push", STD, 2);
    let text = frame("<alloc::string::String>::with_capacity", STD, 3);
    let keep = [
        push.clone(),
        frame("<shop::Query>::keep::{closure#0}", OWN, 31),
        frame("<shop::Query>::__keep_resolver::{closure#0}", OWN, 12),
    ];
    let cache = [text, frame("shop::cache::fill", OWN, 7)];
    let look = [push, frame("shop::look", OWN, 8)];
    let rows = |kept: i64, old: i64, new: i64| {
        vec![
            live(&keep, 0, 1024, 100).under("Keep <b>|`"),
            live(&keep, 1, 1024, kept).under("Keep <b>|`"),
            live(&cache, 0, 2048, old).under("Fill"),
            live(&cache, 1, 2048, new),
            live(&look, 0, 64, 10 + kept).under(INSTRUMENT),
        ]
    };
    let mut snapshots = [
        recorded("1@1", 1, &rows(0, 60, 0)),
        recorded("1@1", 2, &rows(5_000, 12, 50)),
    ];
    snapshots[1].sdl = "type Query { keep: Int! }".into();
    compare(&[("warm", &snapshots[0]), ("loaded", &snapshots[1])]).expect("they fit")
}

#[test]
fn the_views_of_a_comparison_as_tables() {
    let comparison = recorded_comparison();
    let tables = KEYS.map(|key| render::view_table(&comparison, key, 20));
    insta::assert_snapshot!(tables.join("\n"));
}

#[test]
fn the_views_of_a_comparison_as_markdown() {
    let comparison = recorded_comparison();
    let tables = KEYS.map(|key| render::view_markdown(&comparison, key, 1));
    insta::assert_snapshot!(tables.join("\n"));
}

#[test]
fn a_comparison_of_recorded_snapshots_as_json() {
    insta::assert_snapshot!(render::json(&recorded_comparison(), 2));
}

#[test]
fn sites_and_the_instrument_add_up_in_the_table() {
    insta::assert_snapshot!(render::table(&recorded_comparison(), 20));
}

#[test]
fn a_difference_is_drawn_with_what_is_gone_and_its_sign() {
    let main = frame("shop::main", OWN, 1);
    let keep = [frame("shop::keep", OWN, 2), main.clone()];
    let gone = [frame("shop::gone", OWN, 3), main.clone()];
    let same = [frame("shop::same", OWN, 4), main.clone()];
    let before = bytes_only(&[(&gone, 1 << 20), (&same, 5 << 20)]);
    let after = bytes_only(&[(&keep, 3 << 20), (&same, 5 << 20)]);
    let svg = render::flame_difference(&before, &after, "warm to loaded").expect("they fit");
    insta::assert_snapshot!(svg);
    let element = render::flame_difference_element(&before, &after, "warm to loaded").expect("they fit");
    assert!(element.starts_with("<svg ") && svg.ends_with(&element));
    let back = render::flame_difference(&after, &before, "").expect("they fit");
    assert!(
        back.contains("-2.0 MiB net, 1.0 MiB grew, 3.0 MiB shrank"),
        "{back}"
    );
    // As wide as what changed, which here is more than what is left of it.
    let even = render::flame_difference(&bytes_only(&[(&gone, 64)]), &bytes_only(&[(&keep, 64)]), "");
    let even = even.expect("they fit");
    assert!(
        even.contains("<title>all\n0 B net, 64 B grew, 64 B shrank; 100.0 %"),
        "{even}"
    );
    let other = taken_by(after, "bb");
    let error = render::flame_difference(&taken_by(before, "aa"), &other, "").expect_err("two builds");
    assert!(
        error
            .to_string()
            .starts_with("the first and the second were taken from different"),
        "{error}"
    );
}

#[test]
fn nothing_that_changed_draws_an_empty_difference() {
    let stack = [frame("shop::list", OWN, 7)];
    let snapshot = bytes_only(&[(&stack, 2048)]);
    let svg = render::flame_difference(&snapshot, &snapshot, "same").expect("it fits itself");
    assert!(
        svg.contains("same: 0 B net") && !svg.contains("NaN") && !svg.contains("shop"),
        "{svg}"
    );
}

#[test]
fn a_table_of_two_snapshots_fits_100_columns_and_loses_nothing() {
    let long = "problems::p99_a_long_story::TheVeryLongStoryOfARequestQuery::resolver_of_a_long_story";
    let stack = [frame(long, OWN, 7), frame(&format!("<{long}>::inner"), OWN, 8)];
    let name = "20261122T141556.142Z-a-very-very-very-long-name-of-a-snapshot-0002";
    let (a, b) = (with_objects(&[]), with_objects(&[(&stack, 12_000, 1023 << 20)]));
    let table = render::table(&compare(&[(name, &a), ("b", &b)]).expect("they fit"), 20);
    assert!(table.starts_with(&format!("A = {name}\nB = b\n")), "{table}");
    for line in table.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    let rows = table.lines().skip_while(|line| !line.contains('═')).skip(1);
    let row = rows
        .take_while(|line| !line.contains('─'))
        .map(|line| line.trim());
    let row: String = row.collect();
    assert!(row.contains(&format!("{long}at ")), "{row}");
}

#[test]
fn a_file_without_objects_has_no_column_of_them() {
    let stack = [frame("shop::list", OWN, 7)];
    let (a, b) = (bytes_only(&[]), bytes_only(&[(&stack, 2048)]));
    let table = render::table(&compare(&[("a", &a), ("b", &b)]).expect("they fit"), 20);
    let row: Vec<&str> = table
        .lines()
        .find(|line| line.contains("shop::list"))
        .expect("a row")
        .split_whitespace()
        .collect();
    assert_eq!(row, ["1", "+2.0", "KiB", "0", "B", "2.0", "KiB", "shop::list"]);
}

#[test]
fn bytes_are_rounded_to_what_is_read() {
    for (value, text) in [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (-1536, "-1.5 KiB"),
        ((1 << 20) - 1, "1.0 MiB"),
        (i64::MAX, "8192.0 PiB"),
        (i64::MIN, "-8192.0 PiB"),
    ] {
        assert_eq!(render::bytes(value), text);
    }
}

#[test]
fn a_flame_graph_is_one_file_with_widths_by_live_bytes() {
    let (main, keep) = (
        frame("shop::main", OWN, 1),
        frame("<shop::Shelf as engine::Keep<u8>>::keep", LOADER, 2),
    );
    let snapshot = bytes_only(&[(&[keep, main.clone()], 3 << 20), (&[main], 1 << 20)]);
    insta::assert_snapshot!(render::flame_graph(&snapshot, "warm").expect("it has live bytes"));
}

#[test]
fn hostile_names_stay_text() {
    let name = "<script>alert('1')</script>&\"\u{0}\u{1b}[31m]]>|`x`\u{ffff}";
    let snapshot = bytes_only(&[(&[frame(name, "/a/\"><b>.rs", 1)], 4096)]);
    let svg = render::flame_graph(&snapshot, name).expect("it has live bytes");
    for outside in ["<script", "<b>", "alert('", "\u{0}", "\u{1b}", "\u{ffff}", "]]>"] {
        assert!(!svg.contains(outside), "{outside:?} in {svg}");
    }
    assert_eq!(svg.matches("<g>").count(), 2, "the root and the one bar");
    let difference = render::flame_difference(&bytes_only(&[]), &snapshot, name).expect("they fit");
    for outside in ["<script", "<b>", "alert('", "\u{0}", "\u{1b}", "\u{ffff}", "]]>"] {
        assert!(!difference.contains(outside), "{outside:?} in {difference}");
    }
    assert_eq!(difference.matches("<g>").count(), 2, "the root and the one bar");
    let comparison = compare(&[(name, &bytes_only(&[])), (name, &snapshot)]).expect("they fit");
    let table = render::table(&comparison, 20);
    assert!(!table.contains('\u{0}') && !table.contains('\u{1b}'), "{table:?}");
    let markdown = render::markdown(&comparison, 20);
    assert!(
        !markdown.contains("<script") && !markdown.contains(" |`"),
        "{markdown}"
    );
    let rows = [live(&[frame(name, "/a/\"><b>.rs", 1)], 1, 64, 9).under(name)];
    let (before, after) = (recorded("1@1", 1, &[]), recorded("1@1", 2, &rows));
    let views = compare(&[(name, &before), (name, &after)]).expect("they fit");
    for key in KEYS {
        let table = render::view_table(&views, key, 20);
        assert!(!table.contains('\u{0}') && !table.contains('\u{1b}'), "{table:?}");
        let markdown = render::view_markdown(&views, key, 20);
        assert!(
            !markdown.contains("<script") && !markdown.contains("<b>") && !markdown.contains(" |`"),
            "{markdown}"
        );
    }
    assert!(
        markdown
            .lines()
            .take(4)
            .all(|line| line.matches(" | ").count() == 5),
        "{markdown}"
    );
}

#[test]
fn an_empty_snapshot_draws_an_empty_graph() {
    let svg = render::flame_graph(&bytes_only(&[]), "empty").expect("it has the sample type");
    assert!(
        svg.ends_with("</svg>\n") && !svg.contains("NaN") && !svg.contains("inf"),
        "{svg}"
    );
}
