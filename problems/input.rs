//! Bounds of what callers may ask for.

use async_graphql::Result;

use crate::errors::bad_input;

/// The longest page.
pub(crate) const MAX_FIRST: i64 = 100;
/// The furthest page.
pub(crate) const MAX_OFFSET: i64 = 1_000_000;
/// The longest name or search text, in characters.
pub const MAX_WORDS: usize = 100;

/// `first`, if a page can be that long.
pub fn page_size(first: i64) -> Result<i64> {
    within("first", first, 1, MAX_FIRST)
}

/// A number between two bounds, both of which are allowed.
pub fn within(argument: &str, given: i64, least: i64, most: i64) -> Result<i64> {
    if (least..=most).contains(&given) {
        return Ok(given);
    }
    Err(bad_input(format!(
        "`{argument}` must be between {least} and {most}, got {given}"
    )))
}

/// A text that is not blank and not longer than `most` characters.
pub fn text<'a>(argument: &str, given: &'a str, most: usize) -> Result<&'a str> {
    let length = given.chars().count();
    if length > most {
        return Err(bad_input(format!(
            "`{argument}` must be at most {most} characters long, got {length}"
        )));
    }
    if given.trim().is_empty() {
        return Err(bad_input(format!("`{argument}` must not be blank")));
    }
    Ok(given)
}
