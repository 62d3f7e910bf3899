//! The bytes that are sent. Built once where all requests are alike: then sending copies nothing.

use std::io::Write as _;
use std::sync::Arc;

use url::Url;

use super::{Error, Settings};
use crate::variables::Template;

/// Like requests are laid out one after the other, up to about so many bytes, so that a
/// pipelined batch is one write.
const BATCH_BYTES: usize = 64 * 1024;

/// What to send. Clones share the bytes.
#[derive(Debug, Clone)]
pub(super) enum Requests {
    /// All alike: `bytes` holds whole requests of `each` bytes.
    Same { bytes: Arc<[u8]>, each: usize },
    /// Fresh variables in each.
    Fresh(Arc<Fresh>),
}

/// A GraphQL request whose variables are drawn anew for each call.
#[derive(Debug)]
pub(super) struct Fresh {
    /// The head, up to the value of Content-Length.
    head: Vec<u8>,
    /// The body, up to the variables.
    body: Vec<u8>,
    variables: Template,
}

pub(super) fn build(url: &Url, method: &str, settings: &Settings) -> Result<Requests, Error> {
    let headers = headers(url, settings)?;
    let head = head(url, method, &headers);
    let Some(operation) = settings.trigger.as_ref().or(settings.operation.as_ref()) else {
        return Ok(same(head, settings.body.as_deref(), settings.pipelining));
    };
    if settings.body.is_some() {
        return Err(Error::WithOperation("a body"));
    }
    let mut body = format!(
        "{{\"query\":{}",
        serde_json::Value::from(operation.document.as_str())
    )
    .into_bytes();
    let Some(variables) = &operation.variables else {
        body.push(b'}');
        return Ok(same(head, Some(&body), settings.pipelining));
    };
    body.extend_from_slice(b",\"variables\":");
    let mut head = head;
    head.extend_from_slice(b"content-length: ");
    Ok(Requests::Fresh(Arc::new(Fresh {
        head,
        body,
        variables: Template::parse(variables)?,
    })))
}

fn same(mut request: Vec<u8>, body: Option<&[u8]>, pipelining: usize) -> Requests {
    match body {
        Some(body) => {
            request.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
            request.extend_from_slice(body);
        }
        None => request.extend_from_slice(b"\r\n"),
    }
    let each = request.len();
    let copies = (BATCH_BYTES / each).clamp(1, pipelining);
    Requests::Same {
        bytes: request.repeat(copies).into(),
        each,
    }
}

/// The request line and the headers, without the length and the empty line.
fn head(url: &Url, method: &str, headers: &[(String, String)]) -> Vec<u8> {
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut head = format!("{method} {}{query} HTTP/1.1\r\n", url.path());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.into_bytes()
}

/// The headers that go out: those that were given, and what HTTP and GraphQL need besides.
fn headers(url: &Url, settings: &Settings) -> Result<Vec<(String, String)>, Error> {
    let mut headers = settings
        .headers
        .iter()
        .map(|given| header(given))
        .collect::<Result<Vec<_>, _>>()?;
    let given = |headers: &[(String, String)], name: &str| {
        headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name))
    };
    if settings.operation.is_some() {
        if given(&headers, "content-type") {
            return Err(Error::WithOperation("a content type"));
        }
        headers.insert(0, ("content-type".to_owned(), "application/json".to_owned()));
    }
    if !given(&headers, "host") {
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        headers.insert(
            0,
            (
                "host".to_owned(),
                format!("{}{port}", url.host_str().unwrap_or_default()),
            ),
        );
    }
    Ok(headers)
}

/// Reads `name: value` or `name=value`: whichever sign comes first separates.
pub(super) fn header(given: &str) -> Result<(String, String), Error> {
    let wrong = |reason| Error::Header {
        given: given.to_owned(),
        reason,
    };
    let at = given
        .find([':', '='])
        .ok_or_else(|| wrong("there is neither `:` nor `=` in it"))?;
    let (name, value) = (given[..at].trim(), given[at + 1..].trim());
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(wrong("the name may have letters, digits and hyphens only"));
    }
    if value.bytes().any(|b| b.is_ascii_control() && b != b'\t') {
        return Err(wrong("the value has control characters"));
    }
    if ["content-length", "transfer-encoding"]
        .iter()
        .any(|own| name.eq_ignore_ascii_case(own))
    {
        return Err(wrong("the driver sets the length by itself"));
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// What a connection still has to write.
#[derive(Debug)]
pub(super) struct Outbox {
    requests: Requests,
    /// Where the next byte is: in the shared bytes, or in `built`.
    at: usize,
    /// Bytes to write from there, around the end of the shared bytes.
    left: usize,
    built: Vec<u8>,
    body: Vec<u8>,
}

impl Outbox {
    pub(super) fn new(requests: Requests) -> Self {
        Self {
            requests,
            at: 0,
            left: 0,
            built: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.left == 0
    }

    pub(super) fn clear(&mut self) {
        (self.at, self.left) = (0, 0);
        self.built.clear();
    }

    /// Adds `count` requests.
    pub(super) fn push(&mut self, count: usize) {
        match &self.requests {
            Requests::Same { each, .. } => self.left += count * each,
            Requests::Fresh(fresh) => {
                for _ in 0..count {
                    fresh.write(&mut self.body, &mut self.built);
                }
                self.left = self.built.len() - self.at;
            }
        }
    }

    /// The next bytes to write.
    pub(super) fn bytes(&self) -> &[u8] {
        match &self.requests {
            Requests::Same { bytes, .. } => &bytes[self.at..bytes.len().min(self.at + self.left)],
            Requests::Fresh(_) => &self.built[self.at..],
        }
    }

    /// Says that `count` bytes were written.
    pub(super) fn advance(&mut self, count: usize) {
        self.left -= count;
        self.at += count;
        match &self.requests {
            Requests::Same { bytes, .. } => self.at %= bytes.len(),
            Requests::Fresh(_) if self.left == 0 => self.clear(),
            Requests::Fresh(_) => {}
        }
    }
}

impl Fresh {
    fn write(&self, body: &mut Vec<u8>, out: &mut Vec<u8>) {
        body.clear();
        body.extend_from_slice(&self.body);
        // Writing to a vector cannot fail, and a `Value` has string keys only.
        let _ = serde_json::to_writer(&mut *body, &self.variables.expand());
        body.push(b'}');
        out.extend_from_slice(&self.head);
        let _ = write!(out, "{}\r\n\r\n", body.len());
        out.extend_from_slice(body);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Operation;

    fn sent(settings: &Settings, count: usize, piece: usize) -> String {
        let url = Url::parse("http://127.0.0.1:3000/a?b=c").expect("a good address");
        let method = if settings.operation.is_some() {
            "POST"
        } else {
            "GET"
        };
        let mut outbox = Outbox::new(build(&url, method, settings).expect("good settings"));
        outbox.push(count);
        let mut sent = Vec::new();
        while !outbox.is_empty() {
            let bytes = &outbox.bytes()[..outbox.bytes().len().min(piece)];
            sent.extend_from_slice(bytes);
            let count = bytes.len();
            outbox.advance(count);
        }
        String::from_utf8(sent).expect("text")
    }

    #[test]
    fn like_requests_follow_each_other_whatever_each_write_takes() {
        let settings = Settings {
            headers: vec!["x=1:2".into(), "Y: a=b".into()],
            ..Settings::default()
        };
        let one = "GET /a?b=c HTTP/1.1\r\nhost: 127.0.0.1:3000\r\nx: 1:2\r\nY: a=b\r\n\r\n";
        for piece in [1, 7, one.len(), 100_000] {
            assert_eq!(sent(&settings, 23, piece), one.repeat(23), "{piece}");
        }
    }

    #[test]
    fn an_operations_variables_are_fresh_in_each_request() {
        let variables = Some(serde_json::json!({"n": {"$counter": 9}}));
        let operation = Some(Operation {
            document: "query($n: Int) {\n  f(n: $n) }".into(),
            variables,
        });
        let sent = sent(
            &Settings {
                operation,
                ..Settings::default()
            },
            2,
            50,
        );
        let body = |n| format!(r#"{{"query":"query($n: Int) {{\n  f(n: $n) }}","variables":{{"n":{n}}}}}"#);
        let request = |n| {
            let head = "POST /a?b=c HTTP/1.1\r\nhost: 127.0.0.1:3000\r\ncontent-type: application/json\r\n";
            format!("{head}content-length: {}\r\n\r\n{}", body(n).len(), body(n))
        };
        assert_eq!(sent, request(9) + &request(10));
    }

    #[test]
    fn headers_that_would_break_the_request_are_refused() {
        for bad in [
            "x",
            "a b: c",
            ": c",
            "a: b\r\nc: d",
            "Content-Length: 3",
            "transfer-encoding=chunked",
        ] {
            assert!(header(bad).is_err(), "{bad}");
        }
        assert_eq!(
            header("Cookie=a=b:c").expect("good"),
            ("Cookie".into(), "a=b:c".into())
        );
    }
}
