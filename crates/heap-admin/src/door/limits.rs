//! How large an operation may be: checked before the engine sees it.
//!
//! The engine has limits of its own, and none where it needs them most: its parser recurses
//! into values without a bound, and its validation walks a fragment once for each place that
//! it is spread into, which is exponential in the length of the document.

use std::collections::HashMap;

use async_graphql::parser::types::{ExecutableDocument, FragmentDefinition, Selection, SelectionSet};
use async_graphql::{Name, Positioned, ServerError};

use super::limited::coded;

/// Deepest nesting of fields. A full introspection query, as GraphiQL sends it, is 15 deep.
pub const MAX_DEPTH: usize = 20;
/// Most fields in an operation, counted where fragments are spread.
pub const MAX_FIELDS: usize = 1_000;
/// Most aliases in a document.
pub const MAX_ALIASES: usize = 50;
/// Deepest nesting of brackets of any kind, values included.
pub const MAX_NESTING: usize = 100;

/// Refuses a text that is nested too deep to be parsed: the parser recurses.
///
/// Brackets in strings and comments do not count. A text that is no GraphQL is left to the parser.
pub(super) fn check_text(text: &str) -> Result<(), ServerError> {
    let mut rest = text.as_bytes();
    let mut depth = 0_usize;
    while let Some((first, after)) = rest.split_first() {
        rest = match first {
            b'#' => after_line(after),
            b'"' if after.starts_with(b"\"\"") => after_block_string(&after[2..]),
            b'"' => after_string(after),
            b'{' | b'[' | b'(' => {
                depth += 1;
                if depth > MAX_NESTING {
                    let message = format!("the document nests brackets deeper than {MAX_NESTING} levels");
                    return Err(coded(ServerError::new(message, None), "DEPTH_LIMIT"));
                }
                after
            }
            b'}' | b']' | b')' => {
                depth = depth.saturating_sub(1);
                after
            }
            _ => after,
        };
    }
    Ok(())
}

fn after_line(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
    end.map_or(&[], |end| &text[end..])
}

/// A line end ends the string too: what comes then is not GraphQL, and has to be counted.
fn after_string(mut text: &[u8]) -> &[u8] {
    while let Some((first, after)) = text.split_first() {
        match first {
            b'"' | b'\n' | b'\r' => return after,
            b'\\' => text = after.get(1..).unwrap_or_default(),
            _ => text = after,
        }
    }
    text
}

fn after_block_string(mut text: &[u8]) -> &[u8] {
    while let Some((_, after)) = text.split_first() {
        if text.starts_with(b"\\\"\"\"") {
            text = &text[4..];
        } else if text.starts_with(b"\"\"\"") {
            return &text[3..];
        } else {
            text = after;
        }
    }
    text
}

/// Refuses a document with too many fields, aliases or levels.
pub(super) fn check_document(document: &ExecutableDocument) -> Result<(), ServerError> {
    let mut sizes = Sizes {
        fragments: &document.fragments,
        known: HashMap::new(),
    };
    let operations = document
        .operations
        .iter()
        .map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = document
        .fragments
        .values()
        .map(|fragment| &fragment.node.selection_set.node);
    let mut aliases = 0;
    for set in operations.chain(fragments) {
        let size = sizes.of(set);
        aliases += size.aliases;
        if size.fields > MAX_FIELDS {
            let message = format!("the operation has more than {MAX_FIELDS} fields");
            return Err(coded(ServerError::new(message, None), "COMPLEXITY_LIMIT"));
        }
        if size.depth > MAX_DEPTH {
            let message = format!("the operation is nested deeper than {MAX_DEPTH} levels");
            return Err(coded(ServerError::new(message, None), "DEPTH_LIMIT"));
        }
    }
    if aliases > MAX_ALIASES {
        let message = format!("the document has {aliases} aliases, the limit is {MAX_ALIASES}");
        return Err(coded(ServerError::new(message, None), "ALIAS_LIMIT"));
    }
    Ok(())
}

/// What a selection set amounts to. Sums saturate: a short document can spread beyond any number.
#[derive(Clone, Copy, Default)]
struct Size {
    /// With fragments spread.
    fields: usize,
    /// With fragments spread.
    depth: usize,
    /// As written.
    aliases: usize,
}

/// Sizes of selection sets; each fragment is walked once.
struct Sizes<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// A fragment that is being walked is in here as nothing: a cycle is for validation to refuse.
    known: HashMap<&'a Name, Size>,
}

impl<'a> Sizes<'a> {
    /// Recursion is bounded by [`MAX_NESTING`] times the number of fragments in a chain.
    fn of(&mut self, set: &'a SelectionSet) -> Size {
        let mut sum = Size::default();
        for selection in &set.items {
            let one = self.of_selection(&selection.node);
            sum.fields = sum.fields.saturating_add(one.fields);
            sum.depth = sum.depth.max(one.depth);
            sum.aliases += one.aliases;
        }
        sum
    }

    fn of_selection(&mut self, selection: &'a Selection) -> Size {
        match selection {
            Selection::Field(field) => {
                let below = self.of(&field.node.selection_set.node);
                Size {
                    fields: below.fields.saturating_add(1),
                    depth: below.depth.saturating_add(1),
                    aliases: below.aliases + usize::from(field.node.alias.is_some()),
                }
            }
            Selection::InlineFragment(fragment) => self.of(&fragment.node.selection_set.node),
            // At least one, so that a chain of empty spreads counts too.
            Selection::FragmentSpread(spread) => {
                let size = self.of_fragment(&spread.node.fragment_name.node);
                Size {
                    fields: size.fields.max(1),
                    aliases: 0,
                    ..size
                }
            }
        }
    }

    fn of_fragment(&mut self, name: &Name) -> Size {
        let Some((name, fragment)) = self.fragments.get_key_value(name) else {
            return Size::default();
        };
        if let Some(known) = self.known.get(name) {
            return *known;
        }
        self.known.insert(name, Size::default());
        let size = self.of(&fragment.node.selection_set.node);
        self.known.insert(name, size);
        size
    }
}

#[cfg(test)]
mod tests {
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
        for levels in [10, 63, 64, 200] {
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

    #[test]
    fn a_cycle_of_fragments_is_left_to_validation() {
        assert_eq!(
            code("{ ...A } fragment A on Q { ...B } fragment B on Q { ...A }"),
            None
        );
    }
}
