//! `leaklab load` against servers whose behaviour is known to the byte.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use leaklab::load::{Ended, Report};

use crate::harness::{Lab, leaklab};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// A server that hands each connection to `serve`, on a thread of its own. It counts requests.
struct Server {
    url: String,
    requests: Arc<AtomicU64>,
}

/// The server's end of a connection.
struct Peer {
    stream: TcpStream,
    read: Vec<u8>,
    requests: Arc<AtomicU64>,
}

impl Server {
    fn start(serve: impl Fn(&mut Peer) -> std::io::Result<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}/", listener.local_addr().expect("an address"));
        let requests = Arc::new(AtomicU64::new(0));
        let (serve, counter) = (Arc::new(serve), requests.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (serve, requests) = (serve.clone(), counter.clone());
                // What a driver does to its connections is no failure of the server.
                std::thread::spawn(move || {
                    serve(&mut Peer {
                        stream,
                        read: Vec::new(),
                        requests,
                    })
                    .ok()
                });
            }
        });
        Self { url, requests }
    }

    /// Answers each request with these bytes.
    fn answering(answer: &'static [u8]) -> Self {
        Self::start(move |peer| {
            while peer.request()?.is_some() {
                peer.stream.write_all(answer)?;
            }
            Ok(())
        })
    }

    fn requests(&self) -> u64 {
        self.requests.load(Ordering::SeqCst)
    }

    fn load(&self, flags: &str) -> (Report, Option<i32>) {
        let output = load(&[&[self.url.as_str(), "--json"], &split(flags)[..]].concat());
        let report: Report = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        let ends = report.requests.total + report.timeouts + report.failed + report.unanswered;
        assert_eq!(
            report.requests.sent, ends,
            "every request has one end: {report:?}"
        );
        (report, output.status.code())
    }
}

impl Peer {
    /// The next request, head and body; `None` at the end of the stream.
    fn request(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(head) = find(&self.read, b"\r\n\r\n") {
                let text = String::from_utf8_lossy(&self.read[..head]).to_ascii_lowercase();
                let length = text
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "));
                let length = length.map_or(0, |length| length.parse().expect("a length"));
                if self.read.len() >= head + 4 + length {
                    self.requests.fetch_add(1, Ordering::SeqCst);
                    return Ok(Some(self.read.drain(..head + 4 + length).collect()));
                }
            }
            let mut piece = [0; 4096];
            match self.stream.read(&mut piece)? {
                0 => return Ok(None),
                count => self.read.extend_from_slice(&piece[..count]),
            }
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn split(flags: &str) -> Vec<&str> {
    flags.split_whitespace().collect()
}

fn load(args: &[&str]) -> Output {
    leaklab()
        .arg("load")
        .args(args)
        .output()
        .expect("the driver runs")
}

fn refused(args: &[&str]) -> String {
    let output = load(args);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr).expect("text")
}

#[test]
fn an_amount_of_requests_is_sent_exactly() {
    let server = Server::answering(OK);
    let (report, code) = server.load("-c 7 -p 10 -a 1003");
    assert_eq!(
        (server.requests(), report.requests.sent, report.requests.total),
        (1003, 1003, 1003)
    );
    assert_eq!(
        (report.statuses.success, report.errors, report.ended),
        (1003, 0, Ended::Complete)
    );
    assert_eq!(report.bytes_read, 1003 * OK.len() as u64);
    assert_eq!(code, Some(0));
}

#[test]
fn fewer_requests_than_connections_are_still_exact() {
    let server = Server::answering(OK);
    let (report, _) = server.load("-c 50 -p 10 -a 3");
    assert_eq!(
        (server.requests(), report.requests.total, report.connections),
        (3, 3, 3)
    );
}

#[test]
fn a_time_is_kept_and_every_request_sent_in_it_is_waited_for() {
    let server = Server::answering(OK);
    let (report, _) = server.load("-c 4 -p 5 -d 0.3");
    assert!(report.requests.total > 0);
    assert_eq!((report.requests.sent, report.unanswered), (server.requests(), 0));
}

#[test]
fn a_response_that_comes_byte_by_byte_in_chunks_is_one_response() {
    let answer: &[u8] =
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n\
        b\r\n{\"errors\":[\r\n3\r\n{}]\r\n1\r\n}\r\n0\r\n\r\n";
    let server = Server::start(move |peer| {
        peer.stream.set_nodelay(true)?;
        while peer.request()?.is_some() {
            for byte in answer {
                peer.stream.write_all(&[*byte])?;
            }
        }
        Ok(())
    });
    let (report, code) = server.load("-c 2 -p 3 -a 30");
    assert_eq!(
        (report.requests.total, report.graphql_errors.total, report.errors),
        (30, 30, 0)
    );
    assert_eq!((report.bytes_read, code), (30 * answer.len() as u64, Some(0)));
}

#[test]
fn a_server_that_says_it_closes_is_connected_again_and_loses_no_request() {
    let server = Server::start(|peer| {
        peer.request()?;
        peer.stream
            .write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
    });
    let (report, code) = server.load("-c 5 -p 10 -a 100");
    assert_eq!(
        (server.requests(), report.requests.sent, report.requests.total),
        (100, 100, 100)
    );
    assert_eq!((report.failed, code), (0, Some(0)));
}

#[test]
fn a_body_that_lasts_until_the_connection_closes_is_taken_whole() {
    let server = Server::start(|peer| {
        peer.request()?;
        peer.stream.write_all(b"HTTP/1.1 500 Oh\r\n\r\nuntil the end")
    });
    let (report, _) = server.load("-c 2 -p 1 -a 10");
    assert_eq!(
        (report.requests.total, report.statuses.server_error, report.failed),
        (10, 10, 0)
    );
}

#[test]
fn requests_behind_an_unannounced_close_are_counted_as_failed() {
    let server = Server::start(|peer| {
        peer.request()?;
        peer.stream.write_all(OK)?;
        // Takes what was pipelined, so that closing does not reset the connection.
        peer.stream.shutdown(std::net::Shutdown::Write)?;
        std::io::copy(&mut peer.stream, &mut std::io::sink()).map(|_| ())
    });
    let (report, code) = server.load("-c 2 -p 10 -a 100");
    assert_eq!((report.requests.sent, report.ended), (100, Ended::Complete));
    assert_eq!(report.requests.total, server.requests());
    assert!(
        report.failed > report.requests.total,
        "most of ten are behind the first: {report:?}"
    );
    assert_eq!(
        (report.error_messages.join("\n").as_str(), code),
        ("connection closed with requests unanswered", Some(0))
    );
}

#[test]
fn a_response_that_is_cut_short_is_no_response() {
    let server = Server::start(|peer| {
        peer.request()?;
        peer.stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this")
    });
    let (report, code) = server.load("-c 2 -p 1 -a 4");
    assert_eq!((report.requests.total, report.failed), (0, 4));
    assert_eq!(
        report.error_messages,
        ["connection closed in the middle of a response"]
    );
    assert_eq!(code, Some(2), "nothing was answered");
}

#[test]
fn a_server_that_never_answers_gives_timeouts() {
    let server = Server::start(|peer| {
        while peer.request()?.is_some() {}
        Ok(())
    });
    let (report, code) = server.load("-c 2 -p 10 -a 40 -t 0.1");
    assert_eq!(
        (report.timeouts, report.requests.total, report.failed),
        (40, 0, 0)
    );
    assert_eq!(
        (report.error_messages, code),
        (vec!["no response within 100ms".to_owned()], Some(2))
    );
}

#[test]
fn a_peer_that_does_not_speak_http_is_reported() {
    let server = Server::answering(b"SSH-2.0-OpenSSH_9.9\r\n\r\n");
    let (report, code) = server.load("-c 2 -p 1 -a 4");
    assert_eq!((report.failed, report.requests.total, code), (4, 0, Some(2)));
    assert!(
        report.error_messages[0].starts_with("malformed response"),
        "{:?}",
        report.error_messages
    );
}

#[test]
fn every_class_of_status_is_counted() {
    let server = Server::start(|peer| {
        let mut turn = 0;
        while peer.request()?.is_some() {
            let status = ["200 OK", "302 Found", "404 Not Found", "503 Busy"][turn % 4];
            write!(
                peer.stream,
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n"
            )?;
            turn += 1;
        }
        Ok(())
    });
    let (report, code) = server.load("-c 1 -p 8 -a 40");
    let statuses = report.statuses;
    assert_eq!(
        (statuses.interim, statuses.success, statuses.non_success),
        (40, 10, 30)
    );
    assert_eq!(
        (statuses.redirection, statuses.client_error, statuses.server_error),
        (10, 10, 10)
    );
    assert_eq!(code, Some(0), "errors that were answered are answers");
}

#[test]
fn graphql_errors_are_counted_by_code_although_http_calls_them_a_success() {
    let server = Server::answering(
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 78\r\n\r\n\
          {\"errors\":[{\"message\":\"full\",\"extensions\":{\"code\":\"MEMORY_LIMIT\"}}],\"data\":{}}",
    );
    let output = load(&[server.url.as_str(), "-c", "3", "-a", "120"]);
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(
        text.contains("\nGraphQL errors: 120 (MEMORY_LIMIT 120)\n  full\n"),
        "{text}"
    );
    assert!(text.contains("\n120 requests in "), "{text}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn with_a_rate_a_stall_shows_in_every_request_that_was_due_meanwhile() {
    let stall = Duration::from_millis(300);
    let server = Server::start(move |peer| {
        let mut first = true;
        while peer.request()?.is_some() {
            if std::mem::take(&mut first) {
                std::thread::sleep(stall);
            }
            peer.stream.write_all(OK)?;
        }
        Ok(())
    });
    let (report, _) = server.load("-c 1 -p 1 -r 1000 -a 100");
    // 100 requests, due in the first 100 ms, of which the server slept through every one.
    assert_eq!((report.requests.total, server.requests()), (100, 100));
    assert!(report.latency.p2_5 > 190.0, "{:?}", report.latency);
}

#[test]
fn an_operation_is_posted_with_fresh_variables_each_time() {
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let seen = bodies.clone();
    let server = Server::start(move |peer| {
        while let Some(request) = peer.request()? {
            seen.lock()
                .expect("no panic under it")
                .push(String::from_utf8_lossy(&request).into_owned());
            peer.stream.write_all(OK)?;
        }
        Ok(())
    });
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let document = file("user.graphql", "query($id: Int!) { user(id: $id) { name } }");
    let variables = file("user.json", r#"{"id": {"$counter": 1}}"#);
    let target = server.url.trim_end_matches('/');
    let args = [
        "--operation",
        &document,
        "--variables",
        &variables,
        "--target",
        target,
        "-c",
        "3",
        "-a",
        "9",
    ];
    assert_eq!(load(&args).status.code(), Some(0));
    let bodies = bodies.lock().expect("no panic under it");
    let mut ids: Vec<i64> = bodies
        .iter()
        .map(|request| {
            assert!(request.starts_with("POST /graphql HTTP/1.1\r\n"), "{request}");
            assert!(
                request.contains("\r\ncontent-type: application/json\r\n"),
                "{request}"
            );
            let (_, body) = request.split_once("\r\n\r\n").expect("a body");
            let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
            assert_eq!(body["query"], "query($id: Int!) { user(id: $id) { name } }");
            body["variables"]["id"].as_i64().expect("an id")
        })
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, (1..=9).collect::<Vec<_>>());
}

#[test]
fn a_server_that_goes_away_for_good_ends_it_with_2_and_the_table_of_what_there_was() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("the driver connects");
        drop(listener);
        let mut peer = Peer {
            stream,
            read: Vec::new(),
            requests: Arc::default(),
        };
        for _ in 0..10 {
            peer.request().expect("it can be read").expect("a request");
            peer.stream.write_all(OK).expect("it can be answered");
        }
    });
    let output = load(&[url.as_str(), "-c", "1", "-p", "1", "-a", "100"]);
    server.join().expect("ten requests came");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stdout}{stderr}");
    assert!(
        stdout.contains("\n2xx: 10\n") && stdout.contains("(given up:"),
        "{stdout}"
    );
    let lines: Vec<&str> = stderr.lines().collect();
    assert!(
        lines[0].starts_with("error: the server went away: given up after ")
            && lines[0].contains(&format!(" of 100 requests to {url}: cannot connect: ")),
        "{stderr}"
    );
    assert!(lines.len() == 2 && lines[1].starts_with("hint: "), "{stderr}");
}

#[test]
fn where_every_answer_is_a_refusal_the_first_is_quoted_once_in_a_line() {
    let body = format!("no such\n\u{1b}[31mthing: {}", "x".repeat(400));
    let answer = format!("HTTP/1.1 404 Oh\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let server = Server::answering(answer.leak().as_bytes());
    let output = load(&[server.url.as_str(), "-c", "4", "-p", "3", "-a", "50"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    let quoted: String = body.replace(['\n', '\u{1b}'], " ").chars().take(300).collect();
    assert_eq!(
        stderr,
        format!("warning: no answer was a success; the first, with status 404: {quoted}...\n")
    );
    assert_eq!(
        output.status.code(),
        Some(0),
        "errors that were answered are answers"
    );
}

#[test]
fn where_some_answers_are_a_success_none_is_quoted() {
    let server = Server::start(|peer| {
        let mut turn = 0;
        while peer.request()?.is_some() {
            let answer = [&b"HTTP/1.1 503 Busy\r\ncontent-length: 4\r\n\r\nbusy"[..], OK][turn % 2];
            peer.stream.write_all(answer)?;
            turn += 1;
        }
        Ok(())
    });
    let output = load(&[server.url.as_str(), "-c", "1", "-a", "10"]);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn an_unknown_problem_is_answered_with_the_servers_list_of_problems() {
    let lab = Lab::start(&[]);
    let output = load(&["nope", "--target", lab.public_url(), "-c", "3", "-a", "10"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.starts_with("warning: ") && stderr.contains("`nope`") && stderr.contains("00hello"),
        "{stderr}"
    );
}

#[test]
fn where_nothing_listens_it_ends_with_2_and_says_what_to_start() {
    let port = TcpListener::bind("127.0.0.1:0")
        .expect("a free port")
        .local_addr()
        .expect("an address")
        .port();
    let output = load(&[
        "hello",
        "--target",
        &format!("http://127.0.0.1:{port}"),
        "-d",
        "60",
    ]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr.contains(&format!(
            "error: nothing answered at http://127.0.0.1:{port}/problem/hello"
        )),
        "{stderr}"
    );
    assert!(
        stderr.contains("hint: start a server first: leaklab serve"),
        "{stderr}"
    );
}

#[test]
fn what_must_not_or_cannot_be_put_under_load_is_refused_with_a_hint() {
    for (args, error, hint) in [
        (&["https://127.0.0.1/"][..], "speaks http only", "without TLS"),
        (
            &["http://192.0.2.1/"],
            "`192.0.2.1` is not this machine",
            "--allow-remote",
        ),
        (
            &["hello", "--target", "http://example.org"],
            "`example.org` is not this machine",
            "--allow-remote",
        ),
        (
            &["127.0.0.1:3000"],
            "neither a problem nor an address",
            "starts with http://",
        ),
        (&["-H", "oops"], "`oops` is no header", "name=value"),
    ] {
        let stderr = refused(args);
        assert!(
            stderr.contains(error) && stderr.contains("hint: ") && stderr.contains(hint),
            "{stderr}"
        );
    }
    assert!(refused(&["-c", "0"]).contains("connections must be"));
    assert!(refused(&["-d", "NaN"]).contains("duration must be"));
    assert!(refused(&["--operation", "/nowhere.graphql"]).contains("`/nowhere.graphql` cannot be read"));
}

#[test]
fn an_interrupt_ends_it_early_and_still_prints_the_table() {
    let server = Server::answering(OK);
    let mut child = driver(&server, Stdio::piped());
    while server.requests() < 100 {
        assert_eq!(
            child.try_wait().expect("a child of this test"),
            None,
            "it ended by itself"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    let interrupted = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("kill runs");
    assert!(interrupted.success());
    let output = child.wait_with_output().expect("it ends");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(
        text.contains("Req/Sec") && text.contains("(interrupted)"),
        "{text}"
    );
}

#[test]
fn a_reader_that_has_left_is_no_failure() {
    let server = Server::answering(OK);
    let mut child = leaklab()
        .args(["load", &server.url, "-a", "10"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the driver runs");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

fn driver(server: &Server, stdout: Stdio) -> std::process::Child {
    leaklab()
        .args(["load", &server.url, "-c", "2", "-d", "600"])
        .stdout(stdout)
        .stderr(Stdio::null())
        .spawn()
        .expect("the driver runs")
}

#[test]
fn the_labs_problem_answers_every_request() {
    let lab = Lab::start(&[]);
    let output = load(&[
        "hello",
        "--target",
        lab.public_url(),
        "-c",
        "10",
        "-a",
        "200",
        "--json",
    ]);
    let report: Report = serde_json::from_slice(&output.stdout).expect("a report");
    assert_eq!(
        (
            report.statuses.success,
            report.errors,
            report.graphql_errors.total
        ),
        (200, 0, 0)
    );
}

#[test]
fn the_labs_memory_limit_is_named_in_the_summary() {
    let lab = Lab::start(&["--memory-limit", "8MiB"]);
    lab.call_problem("hello", 2_000);
    let args = ["hello", "--target", lab.public_url(), "-c", "10", "-a", "500"];
    lab.wait_for_log("past the limit");
    let output = load(&args);
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(
        text.contains("\nGraphQL errors: 500 (MEMORY_LIMIT 500)\n"),
        "{text}"
    );
    assert_eq!(
        output.status.code(),
        Some(0),
        "errors that were answered are answers"
    );
}
