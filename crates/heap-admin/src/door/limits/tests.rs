//! Documents on both sides of each limit, and what would take the stack or the time of whoever looks at all of it.

use super::*;

fn code(text: &str) -> Option<String> {
    let refused = check_text(text).and_then(|()| {
        let document = async_graphql::parser::parse_query(text).expect("GraphQL");
        check_document(&document)
    });
    let values = refused.err()?.extensions?;
    values.get("code").map(|code| code.to_string())
}

/// `f0` spreads `f1` twice, which spreads `f2` twice, and so on.
fn doubling(levels: usize) -> String {
    let fragments: String = (0..levels)
        .map(|n| format!("fragment f{n} on Query {{ ...f{0} ...f{0} }} ", n + 1))
        .collect();
    format!("{{ ...f0 }} {fragments} fragment f{levels} on Query {{ __typename }}")
}

#[test]
fn brackets_in_strings_and_comments_do_not_count() {
    let many = "[".repeat(2 * MAX_NESTING);
    assert_eq!(
        code(&format!("{{ a(b: \"{many} \\\" {many}\") }} # {many}")),
        None
    );
    assert_eq!(
        code(&format!("{{ a(b: \"\"\"{many} \\\"\"\" \" {many}\"\"\") }}")),
        None
    );
    let deep = format!("{{ a(b: \"\") c(d: {many}{}) }}", "]".repeat(2 * MAX_NESTING));
    assert_eq!(code(&deep).as_deref(), Some("\"DEPTH_LIMIT\""));
}

#[test]
fn brackets_behind_a_string_that_never_ends_are_counted() {
    assert!(check_text(&format!("{{ a(b: \"\n {}", "[".repeat(2 * MAX_NESTING))).is_err());
}

#[test]
fn fields_count_where_fragments_are_spread_however_many_there_are() {
    assert_eq!(code(&doubling(9)), None);
    for levels in [10, 63, 64, 90] {
        assert_eq!(
            code(&doubling(levels)).as_deref(),
            Some("\"COMPLEXITY_LIMIT\""),
            "{levels}"
        );
    }
}

#[test]
fn levels_count_through_fragments() {
    let deep = |levels: usize| {
        let fragment = format!("{}x{}", "{ a ".repeat(levels - 1), " }".repeat(levels - 1));
        format!("{{ a {{ ...F }} }} fragment F on T {{ b {fragment} }}")
    };
    assert_eq!(code(&deep(MAX_DEPTH - 2)), None);
    assert_eq!(code(&deep(MAX_DEPTH)).as_deref(), Some("\"DEPTH_LIMIT\""));
}

/// A set that spreads `a0`, which spreads `a1`, and so on: that many fragments, and `between` around each spread.
fn chain(fragments: usize, between: usize) -> String {
    let (open, close) = ("... { ".repeat(between), "} ".repeat(between));
    let spread = |n: usize| format!("{{ {open}...a{n} {close}}}");
    let all: String = (1..fragments)
        .map(|n| format!("fragment a{} on Q {} ", n - 1, spread(n)))
        .collect();
    let last = fragments - 1;
    format!("{} {all}fragment a{last} on Q {{ x }}", spread(0))
}

/// The same as [`code`], on so small a stack that each level has to be bounded.
fn code_on_a_small_stack(text: String) -> Option<String> {
    let document = async_graphql::parser::parse_query(&text).expect("GraphQL");
    // The walk may have some kilobytes a level, in a build that is not optimized; a chain of 10,000 needs far more.
    let walk = move || check_document(&document);
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(walk);
    let refused = thread.expect("a thread").join().expect("no panic");
    let values = refused.err()?.extensions?;
    values.get("code").map(|code| code.to_string())
}

#[test]
fn a_chain_of_fragments_is_refused_before_the_stack_is_used_up() {
    assert_eq!(code_on_a_small_stack(chain(MAX_NESTING - 1, 0)), None);
    for fragments in [MAX_NESTING, 10_000] {
        let code = code_on_a_small_stack(chain(fragments, 0));
        assert_eq!(code.as_deref(), Some("\"DEPTH_LIMIT\""), "{fragments}");
    }
}

#[test]
fn inline_fragments_are_levels_too_within_a_fragment_and_across_them() {
    // The parser itself refuses more than 64 in one definition.
    assert_eq!(code(&chain(1, 60)), None);
    assert_eq!(code(&chain(2, 40)), None);
    for (fragments, between) in [(3, 40), (200, 60)] {
        let code = code_on_a_small_stack(chain(fragments, between));
        assert_eq!(code.as_deref(), Some("\"DEPTH_LIMIT\""), "{fragments} {between}");
    }
}

#[test]
fn a_chain_that_no_operation_spreads_is_refused_in_whatever_order_it_is_walked() {
    // The map of fragments has another order each time.
    for _ in 0..20 {
        let unused = chain(MAX_NESTING + 50, 0);
        let unused = unused.split_once('}').expect("an operation").1;
        let code = code_on_a_small_stack(format!("{{ x }} {unused}"));
        assert_eq!(code.as_deref(), Some("\"DEPTH_LIMIT\""));
    }
}

#[test]
fn a_cycle_of_fragments_is_left_to_validation() {
    assert_eq!(
        code("{ ...A } fragment A on Q { ...B } fragment B on Q { ...A }"),
        None
    );
}
