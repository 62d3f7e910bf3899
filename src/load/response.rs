//! Reads responses out of a stream of bytes, in whatever pieces they come (RFC 9112).
//!
//! The bodies of successful JSON responses are kept, to look for GraphQL errors in them, and the
//! beginning of the first other answer's, to quote it; the rest is skipped as it arrives. Start at
//! [`ResponseReader::next`].

use std::mem::MaybeUninit;

use memchr::memmem;

/// Size of a connection's buffer, and so the longest head that is taken.
const BUFFER_BYTES: usize = 32 * 1024;
/// Less room than this at the buffer's end: what is left in it moves to its start.
const ROOM_BYTES: usize = 8 * 1024;
/// A longer JSON body is not looked into.
const KEPT_BYTES: usize = 4 * 1024 * 1024;
/// So much is kept of the body that is quoted.
const QUOTED_BYTES: usize = 2 * 1024;
const MAX_HEADERS: usize = 96;

/// A complete response.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Response<'a> {
    pub(super) status: u16,
    /// No further response comes on this connection.
    pub(super) close: bool,
    /// Interim responses (100 to 199) that came before it.
    pub(super) interim: u64,
    /// The body, where it is that of a successful JSON response.
    pub(super) json: Option<&'a [u8]>,
    /// How the body begins, where this is the reader's first answer of another status than 2xx.
    pub(super) refusal: Option<&'a [u8]>,
}

/// Bytes that are no HTTP response.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum Malformed {
    #[error("malformed response: {0}")]
    Head(#[from] httparse::Error),
    #[error("malformed response: a head longer than 32 KiB")]
    HeadTooLong,
    #[error("malformed response: a Content-Length that is no length")]
    ContentLength,
    #[error("malformed response: a Transfer-Encoding other than chunked")]
    TransferEncoding,
    #[error("malformed response: a bad chunk")]
    Chunk,
    #[error("malformed response: a switch of protocols that was not asked for")]
    Switch,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Head,
    /// So many bytes of a body whose length is known.
    Length(u64),
    ChunkSize,
    ChunkData(u64),
    ChunkEnd,
    Trailer,
    UntilClose,
    Complete,
}

#[derive(Debug, Clone, Copy)]
struct Head {
    status: u16,
    close: bool,
    json: bool,
    body: State,
}

/// The reading side of one connection.
#[derive(Debug)]
pub(super) struct ResponseReader {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    state: State,
    head: Head,
    interim: u64,
    kept: Vec<u8>,
    /// An answer that was no success has been seen: one is enough to quote.
    quoted: bool,
    /// The requests' method is HEAD.
    bodiless: bool,
}

impl ResponseReader {
    pub(super) fn new(bodiless: bool) -> Self {
        Self {
            buffer: vec![0; BUFFER_BYTES].into(),
            start: 0,
            end: 0,
            state: State::Head,
            head: Head {
                status: 0,
                close: false,
                json: false,
                body: State::Complete,
            },
            interim: 0,
            kept: Vec::new(),
            quoted: false,
            bodiless,
        }
    }

    /// For the next connection: forgets what is left of this one.
    pub(super) fn reset(&mut self) {
        (self.start, self.end, self.state, self.interim) = (0, 0, State::Head, 0);
    }

    /// Where to read into. Never empty: see `parse_head` and `parse_line`.
    pub(super) fn room(&mut self) -> &mut [u8] {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.buffer.len() - self.end < ROOM_BYTES {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        &mut self.buffer[self.end..]
    }

    /// Says that `count` bytes were read into the room.
    pub(super) fn filled(&mut self, count: usize) {
        self.end += count;
    }

    /// Whether the connection may end here without cutting a response short.
    pub(super) fn is_between_responses(&self) -> bool {
        self.state == State::Head && self.start == self.end && self.interim == 0
    }

    /// The next response, once it is complete.
    pub(super) fn next(&mut self) -> Result<Option<Response<'_>>, Malformed> {
        while self.state != State::Complete {
            let moved_on = match self.state {
                State::Head => self.parse_head()?,
                State::Length(left) => self.take_body(left, State::Complete, State::Length),
                State::ChunkSize => self.parse_chunk_size()?,
                State::ChunkData(left) => self.take_body(left, State::ChunkEnd, State::ChunkData),
                State::ChunkEnd => self.parse_chunk_end()?,
                State::Trailer => self.parse_trailer()?,
                State::UntilClose => {
                    self.take_body(u64::MAX, State::Complete, |_| State::UntilClose);
                    false
                }
                State::Complete => true,
            };
            if !moved_on {
                return Ok(None);
            }
        }
        Ok(Some(self.complete()))
    }

    /// The connection has ended: so does a body that lasts until then.
    pub(super) fn end_of_stream(&mut self) -> Option<Response<'_>> {
        (self.state == State::UntilClose).then(|| self.complete())
    }

    fn complete(&mut self) -> Response<'_> {
        self.state = State::Head;
        let quotes = self.quotes();
        self.quoted |= quotes;
        Response {
            status: self.head.status,
            close: self.head.close,
            interim: std::mem::take(&mut self.interim),
            json: self.head.json.then_some(&self.kept),
            refusal: quotes.then_some(&self.kept),
        }
    }

    /// Whether the response at hand is the one whose body is quoted.
    fn quotes(&self) -> bool {
        !self.quoted && !is_success(self.head.status)
    }

    fn pending(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    fn parse_head(&mut self) -> Result<bool, Malformed> {
        if self.start == self.end {
            return Ok(false);
        }
        let Some((length, head)) = parse_head(self.pending(), self.bodiless)? else {
            return self.wait_for_more();
        };
        self.start += length;
        match head.status {
            101 => return Err(Malformed::Switch),
            100..=199 => self.interim += 1,
            _ => {
                self.head = head;
                self.state = head.body;
                self.kept.clear();
            }
        }
        Ok(true)
    }

    /// A line or a head that is not complete yet must leave room for the rest of it.
    fn wait_for_more(&self) -> Result<bool, Malformed> {
        if self.end - self.start > BUFFER_BYTES - ROOM_BYTES {
            return Err(Malformed::HeadTooLong);
        }
        Ok(false)
    }

    /// Takes up to `left` bytes of a body, and says whether that was all of it.
    fn take_body(&mut self, left: u64, then: State, rest: impl Fn(u64) -> State) -> bool {
        let count = (self.end - self.start).min(usize::try_from(left).unwrap_or(usize::MAX));
        if self.head.json {
            self.kept
                .extend_from_slice(&self.buffer[self.start..self.start + count]);
            self.head.json = self.kept.len() <= KEPT_BYTES;
        } else if self.quotes() {
            let room = QUOTED_BYTES.saturating_sub(self.kept.len());
            let quoted = self.start..self.start + count.min(room);
            self.kept.extend_from_slice(&self.buffer[quoted]);
        }
        self.start += count;
        let left = left - count as u64;
        self.state = if left == 0 { then } else { rest(left) };
        left == 0
    }

    fn parse_chunk_size(&mut self) -> Result<bool, Malformed> {
        match httparse::parse_chunk_size(self.pending()).map_err(|_| Malformed::Chunk)? {
            httparse::Status::Partial => self.wait_for_more(),
            httparse::Status::Complete((length, size)) => {
                self.start += length;
                self.state = if size == 0 {
                    State::Trailer
                } else {
                    State::ChunkData(size)
                };
                Ok(true)
            }
        }
    }

    fn parse_chunk_end(&mut self) -> Result<bool, Malformed> {
        match self.pending() {
            [b'\r', b'\n', ..] => {
                self.start += 2;
                self.state = State::ChunkSize;
                Ok(true)
            }
            [] | [b'\r'] => Ok(false),
            _ => Err(Malformed::Chunk),
        }
    }

    /// Trailer lines are skipped up to the empty line.
    fn parse_trailer(&mut self) -> Result<bool, Malformed> {
        let Some(length) = memmem::find(self.pending(), b"\r\n") else {
            return self.wait_for_more();
        };
        self.start += length + 2;
        if length == 0 {
            self.state = State::Complete;
        }
        Ok(true)
    }
}

fn parse_head(bytes: &[u8], bodiless: bool) -> Result<Option<(usize, Head)>, Malformed> {
    let mut headers = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let mut parsed = httparse::Response::new(&mut []);
    let config = httparse::ParserConfig::default();
    let status = config.parse_response_with_uninit_headers(&mut parsed, bytes, &mut headers)?;
    let httparse::Status::Complete(length) = status else {
        return Ok(None);
    };
    let status = parsed.code.unwrap_or_default();
    // HTTP/1.0 closes unless told otherwise.
    let mut head = Head {
        status,
        close: parsed.version == Some(0),
        json: false,
        body: State::UntilClose,
    };
    let (mut content_length, mut chunked) = (None, false);
    for header in parsed.headers.iter() {
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        if is("content-length") {
            content_length = Some(parse_length(header.value, content_length)?);
        } else if is("transfer-encoding") {
            if !header.value.eq_ignore_ascii_case(b"chunked") {
                return Err(Malformed::TransferEncoding);
            }
            chunked = true;
        } else if is("connection") {
            head.close =
                (head.close && !has_token(header.value, b"keep-alive")) || has_token(header.value, b"close");
        } else if is("content-type") {
            head.json = is_success(status) && memmem::find(header.value, b"json").is_some();
        }
    }
    head.body = match (content_length, chunked) {
        _ if bodiless || matches!(status, 204 | 304) => State::Complete,
        // Section 6.3: chunked goes before the length.
        (_, true) => State::ChunkSize,
        (Some(0), _) => State::Complete,
        (Some(length), _) => State::Length(length),
        (None, _) => State::UntilClose,
    };
    head.close |= head.body == State::UntilClose;
    Ok(Some((length, head)))
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

fn parse_length(value: &[u8], before: Option<u64>) -> Result<u64, Malformed> {
    let digits = std::str::from_utf8(value)
        .ok()
        .filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    let length = digits
        .and_then(|text| text.parse().ok())
        .ok_or(Malformed::ContentLength)?;
    // The same length twice is the same length; two lengths are none.
    if before.is_some_and(|before| before != length) {
        return Err(Malformed::ContentLength);
    }
    Ok(length)
}

fn has_token(list: &[u8], token: &[u8]) -> bool {
    list.split(|&b| b == b',')
        .any(|item| item.trim_ascii().eq_ignore_ascii_case(token))
}

#[cfg(test)]
#[path = "response_tests.rs"]
mod tests;
