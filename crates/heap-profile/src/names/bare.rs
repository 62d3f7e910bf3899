//! Names without what their generic parts are filled with.

use super::without_outer_brackets;

/// A name without type arguments: `serve::Graceful::run` of `<serve::Graceful<net::Listener<shop::Tap>>>::run`,
/// `<shop::S as shop::T>::get` of `<shop::S<u8> as shop::T<u8>>::get::<u8>`.
pub(crate) fn without_arguments(name: &str) -> String {
    let name = without_outer_brackets(name);
    let mut out = String::with_capacity(name.len());
    let mut rest = &*name;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        let from = &rest[at..];
        // What begins a path says whose it is.
        let is_path = out.is_empty() || from.starts_with("<impl ");
        match end_of_brackets(from).filter(|_| !is_path) {
            Some(end) => {
                out.truncate(out.trim_end_matches("::").len());
                rest = &from[end..];
            }
            None => {
                out.push('<');
                rest = &from[1..];
            }
        }
    }
    out + rest
}

/// Where what a `<` at the beginning opens is closed, past the `>`.
fn end_of_brackets(text: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'<' => depth += 1,
            // The arrow of `fn() -> T`.
            b'>' if text[..at].ends_with('-') => {}
            b'>' if depth == 1 => return Some(at + 1),
            b'>' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_and_what_they_are_filled_with_goes() {
        for (name, expected) in [
            (
                "<serve::Graceful<net::TapIo<net::Tcp, p::serve<p::f::{closure#0}>::{closure#0}>, fn() -> p::R>>::run",
                "serve::Graceful::run",
            ),
            ("serve::handle::<p::Tap<u8>, p::R>", "serve::handle"),
            ("serve::handle<p::Tap<u8>, p::R>", "serve::handle"),
            ("p::call::<u8>::{closure#0}::SEEN", "p::call::{closure#0}::SEEN"),
            (
                "<p::S<u8> as p::T<p::S<u8>>>::get::SEEN",
                "<p::S as p::T>::get::SEEN",
            ),
            (
                "p::_::<impl p::T<u8> for p::S>::get",
                "p::_::<impl p::T for p::S>::get",
            ),
            ("dyn p::Future<Output = ()> + p::Send", "dyn p::Future + p::Send"),
            ("p::VISITS", "p::VISITS"),
            ("p::S<", "p::S<"),
            ("<", "<"),
            (">é<ü>", ">é"),
            ("", ""),
        ] {
            assert_eq!(without_arguments(name), expected, "{name}");
        }
    }
}
