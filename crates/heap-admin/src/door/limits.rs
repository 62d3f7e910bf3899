//! How large an operation may be: checked before the engine sees it.
//!
//! The engine has limits of its own, and none where it needs them most: its parser recurses
//! into values without a bound, and its validation walks a fragment once for each place that
//! it is spread into, which is exponential in the length of the document. It follows chains of
//! fragments that no operation spreads to their end, a call each.

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
/// Deepest nesting of brackets of any kind, values included; and of selections of any kind, where fragments are spread.
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
///
/// Fragments that no operation spreads count too: the engine's validation recurses into those as well.
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
        let size = sizes.of(set, 0)?;
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
    /// Selection sets within each other: of fields, of inline fragments, of fragments that are spread.
    nesting: usize,
    /// As written.
    aliases: usize,
}

/// Selections are nested deeper than [`MAX_NESTING`].
struct TooDeep;

impl From<TooDeep> for ServerError {
    fn from(_: TooDeep) -> Self {
        let message = format!("the document nests selections deeper than {MAX_NESTING} levels");
        coded(ServerError::new(message, None), "DEPTH_LIMIT")
    }
}

/// Sizes of selection sets; each fragment is walked once.
struct Sizes<'a> {
    fragments: &'a HashMap<Name, Positioned<FragmentDefinition>>,
    /// A fragment that is being walked is in here as nothing, so that what leads back to it seems smaller than it is: a
    /// cycle is for validation to refuse, wherever it is.
    known: HashMap<&'a Name, Size>,
}

impl<'a> Sizes<'a> {
    /// What a set that lies within so many others amounts to. Recursion is bounded: each call from within is a level.
    fn of(&mut self, set: &'a SelectionSet, level: usize) -> Result<Size, TooDeep> {
        if level > MAX_NESTING {
            return Err(TooDeep);
        }
        let mut sum = Size::default();
        for selection in &set.items {
            let one = self.of_selection(&selection.node, level + 1)?;
            sum.fields = sum.fields.saturating_add(one.fields);
            sum.depth = sum.depth.max(one.depth);
            sum.nesting = sum.nesting.max(one.nesting + 1);
            sum.aliases += one.aliases;
        }
        Ok(sum)
    }

    /// `level` is that of the set which the selection has, or spreads.
    fn of_selection(&mut self, selection: &'a Selection, level: usize) -> Result<Size, TooDeep> {
        Ok(match selection {
            Selection::Field(field) => {
                let below = self.of(&field.node.selection_set.node, level)?;
                Size {
                    fields: below.fields.saturating_add(1),
                    depth: below.depth.saturating_add(1),
                    aliases: below.aliases + usize::from(field.node.alias.is_some()),
                    ..below
                }
            }
            Selection::InlineFragment(fragment) => self.of(&fragment.node.selection_set.node, level)?,
            // At least one, so that a chain of empty spreads counts too.
            Selection::FragmentSpread(spread) => {
                let size = self.of_fragment(&spread.node.fragment_name.node, level)?;
                Size {
                    fields: size.fields.max(1),
                    aliases: 0,
                    ..size
                }
            }
        })
    }

    /// A fragment that was walked before may be spread further down here: whether it is too deep does not depend on the
    /// order of the walk, which is that of a hash map.
    fn of_fragment(&mut self, name: &Name, level: usize) -> Result<Size, TooDeep> {
        let Some((name, fragment)) = self.fragments.get_key_value(name) else {
            return Ok(Size::default());
        };
        if let Some(known) = self.known.get(name) {
            return if level + known.nesting > MAX_NESTING {
                Err(TooDeep)
            } else {
                Ok(*known)
            };
        }
        self.known.insert(name, Size::default());
        let size = self.of(&fragment.node.selection_set.node, level)?;
        self.known.insert(name, size);
        Ok(size)
    }
}

#[cfg(test)]
mod tests;
