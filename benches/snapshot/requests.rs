//! Requests at a rate, whatever comes back when: latency counts from the moment when a request was due.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::lab::BODY;

const CONNECTIONS: usize = 32;

/// When a request was due, and how long its answer took from then.
type Latency = (Instant, Duration);

/// Sends until it is stopped.
pub(crate) struct Sender {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<io::Result<Vec<Latency>>>,
}

impl Sender {
    pub(crate) fn start(base: &str, rate: f64) -> Result<Self, Box<dyn Error>> {
        let address = base.strip_prefix("http://").ok_or("no http address")?.to_owned();
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let thread = std::thread::spawn(move || runtime.block_on(send(address, rate, told)));
        Ok(Self { stop, thread })
    }

    pub(crate) fn stop(self) -> Result<Vec<Latency>, Box<dyn Error>> {
        self.stop.store(true, Relaxed);
        Ok(self.thread.join().map_err(|_| "the sender panicked")??)
    }
}

async fn send(address: String, rate: f64, stop: Arc<AtomicBool>) -> io::Result<Vec<Latency>> {
    let request = format!(
        "POST /graphql HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    let request: Arc<str> = request.into();
    let period = Duration::from_secs_f64(CONNECTIONS as f64 / rate);
    let start = Instant::now();
    let mut connections = JoinSet::new();
    for number in 0..CONNECTIONS {
        let stream = TcpStream::connect(&address).await?;
        stream.set_nodelay(true)?;
        let first = start + period.mul_f64(number as f64 / CONNECTIONS as f64);
        connections.spawn(one(stream, request.clone(), first, period, stop.clone()));
    }
    let mut all = Vec::new();
    while let Some(joined) = connections.join_next().await {
        all.extend(joined.map_err(io::Error::other)??);
    }
    Ok(all)
}

async fn one(
    mut stream: TcpStream,
    request: Arc<str>,
    first: Instant,
    period: Duration,
    stop: Arc<AtomicBool>,
) -> io::Result<Vec<Latency>> {
    let mut latencies = Vec::new();
    let mut due = first;
    let mut answer = Vec::new();
    while !stop.load(Relaxed) {
        tokio::time::sleep_until(due.into()).await;
        stream.write_all(request.as_bytes()).await?;
        answer.clear();
        while !is_whole(&answer)? {
            if stream.read_buf(&mut answer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        latencies.push((due, due.elapsed()));
        due += period;
    }
    Ok(latencies)
}

/// Whether these bytes are a whole response with a `content-length`.
fn is_whole(bytes: &[u8]) -> io::Result<bool> {
    let mut headers = [httparse::EMPTY_HEADER; 16];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = response.parse(bytes).map_err(io::Error::other)? else {
        return Ok(false);
    };
    let length = response
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|header| std::str::from_utf8(header.value).ok()?.parse::<usize>().ok());
    Ok(bytes.len() >= head + length.ok_or_else(|| io::Error::other("no content-length"))?)
}
