//! Text by the yard, for what the shop prints.

use super::words::SENTENCES;

/// Adds sentences to `page` as long as it stays within what it has room for; `from` picks where to begin.
pub fn pad(page: &mut String, from: usize) {
    let begin = from % SENTENCES.len();
    for sentence in SENTENCES.iter().cycle().skip(begin) {
        if page.len() + sentence.len() + 1 > page.capacity() {
            return;
        }
        page.push('\n');
        page.push_str(sentence);
    }
}
