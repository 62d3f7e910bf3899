//! A real browser, with no network but loopback, opens both GraphiQL pages and works with them.
//!
//! Needs Chromium and its driver; says so and passes without them, except where `CI=true`.

use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::{Client, ClientBuilder, Locator};
use heap_admin::door::{GraphiqlSource, graphiql_source};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use crate::harness::Lab;

const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// The text in the response pane.
const RESPONSE: &str = "return Array.from(document.querySelectorAll('.result-window .CodeMirror-line'),
    line => line.textContent).join('\\n')";
/// The text in the query editor.
const EDITOR: &str = "return Array.from(document.querySelectorAll('.graphiql-query-editor .CodeMirror-line'),
    line => line.textContent).join('\\n')";
/// Everything that the page has asked for, whether it was served or not.
const REQUESTS: &str = "return performance.getEntriesByType('resource').map(entry => entry.name)";
/// What the page's policy has forbidden since it was opened.
const VIOLATIONS: &str = "const give = arguments[0];
    const texts = reports => reports.map(report => JSON.stringify(report.body));
    const observer = new ReportingObserver(reports => give(texts(reports)), { types: ['csp-violation'], buffered: true });
    observer.observe();
    setTimeout(() => give(texts(observer.takeRecords())), 300)";

#[tokio::test]
async fn the_bookshops_page_runs_a_query_without_a_network() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let lab = Lab::start(&[]);
    let base = lab.public_url().to_owned();
    browser
        .run(async move |client| {
            open(&client, &base, "{ problems { id title } }").await;
            execute(&client, "00hello").await;
            let settings = client
                .find(Locator::Css("[aria-label='Open settings dialog']"))
                .await
                .expect("a button");
            settings.click().await.expect("it can be pressed");
            client
                .wait()
                .for_element(Locator::Css(".graphiql-dialog"))
                .await
                .expect("a dialog opens");
            assert_stayed_home(&client, &base).await;
        })
        .await;
}

#[tokio::test]
async fn the_admin_page_takes_a_snapshot_and_follows_the_memory_without_a_network() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let lab = Lab::start(&[]);
    let base = lab.admin_url().to_owned();
    browser
        .run(async move |client| {
            open(
                &client,
                &base,
                "mutation { takeSnapshot(name: \"browser\") { id } }",
            )
            .await;
            assert_eq!(
                lab.admin("{ snapshots { id } }")["snapshots"],
                json!([]),
                "an address was executed"
            );
            execute(&client, "\"takeSnapshot\"").await;
            let snapshots = lab.admin("{ snapshots { id } }")["snapshots"].clone();
            let id = snapshots[0]["id"].as_str().expect("one snapshot");
            assert!(text(&client, RESPONSE).await.contains(id), "{snapshots}");
            assert_stayed_home(&client, &base).await;

            open(
                &client,
                &base,
                "subscription { memory(intervalMs: 100) { live } }",
            )
            .await;
            execute(&client, "\"live\"").await;
            assert_stayed_home(&client, &base).await;
        })
        .await;
}

/// Opens the page with a query in its editor.
async fn open(client: &Client, base: &str, query: &str) {
    let page = Url::parse_with_params(&format!("{base}/graphql"), [("query", query)]).expect("a URL");
    client.goto(page.as_str()).await.expect("the page opens");
    client
        .wait()
        .for_element(Locator::Css(".graphiql-execute-button"))
        .await
        .expect("GraphiQL starts");
    let word = query.split(['{', '(']).nth(1).unwrap_or(query).trim();
    wait_for(client, EDITOR, word).await;
    assert_eq!(
        text(client, RESPONSE).await.trim_matches(['\u{200b}', '\n']),
        "",
        "an address was executed"
    );
}

/// Presses the button, and waits until the response shows what is expected.
async fn execute(client: &Client, expected: &str) {
    let button = client
        .find(Locator::Css(".graphiql-execute-button"))
        .await
        .expect("a button");
    button.click().await.expect("it can be pressed");
    wait_for(client, RESPONSE, expected).await;
}

async fn text(client: &Client, script: &str) -> String {
    let value = client
        .execute(script, Vec::new())
        .await
        .expect("the page can be read");
    value.as_str().unwrap_or_default().to_owned()
}

async fn wait_for(client: &Client, script: &str, expected: &str) {
    let started = Instant::now();
    loop {
        let found = text(client, script).await;
        if found.contains(expected) {
            return;
        }
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "waited in vain for {expected}; the page shows {found}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Nothing was asked of another host, and the page's policy had nothing to forbid.
async fn assert_stayed_home(client: &Client, base: &str) {
    let requests = client
        .execute(REQUESTS, Vec::new())
        .await
        .expect("the page can be read");
    let requests: Vec<String> = serde_json::from_value(requests).expect("addresses");
    let own = |request: &&String| request.starts_with(&format!("{base}/")) || request.starts_with("data:");
    assert!(
        requests.iter().filter(own).count() >= 7,
        "the page's files and a query: {requests:?}"
    );
    let foreign: Vec<_> = requests.iter().filter(|request| !own(request)).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    let violations = client
        .execute_async(VIOLATIONS, Vec::new())
        .await
        .expect("the page can be read");
    assert_eq!(violations, json!([]));
}

/// A headless Chromium and its driver.
struct Browser {
    driver: Driver,
    client: Client,
    /// Where the browser keeps what it would keep.
    _profile: TempDir,
}

/// Ended, by its process id, when dropped.
struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        // Already ended is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Browser {
    /// Nothing where there is no browser, or no page for it; that is an error where `CI=true`.
    async fn start() -> Option<Self> {
        if graphiql_source() != GraphiqlSource::Embedded {
            return skip("a build that had npm");
        }
        let (Some(driver), Some(browser)) = (on_path(&["chromedriver"]), on_path(&BROWSERS)) else {
            return skip("Chromium and chromedriver");
        };
        let (driver, port) = start_driver(driver);
        let profile = tempfile::tempdir().expect("a temporary folder");
        let capabilities = capabilities(&browser, &profile);
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("the browser starts");
        Some(Self {
            driver,
            client,
            _profile: profile,
        })
    }

    /// Runs a test, and closes the browser whatever comes of it.
    async fn run<F>(self, test: impl FnOnce(Client) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let outcome = tokio::spawn(test(self.client.clone())).await;
        let closed = self.client.close().await;
        drop(self.driver);
        if let Err(failure) = outcome {
            std::panic::resume_unwind(failure.into_panic());
        }
        closed.expect("the browser closes");
    }
}

fn skip(missing: &str) -> Option<Browser> {
    assert!(
        env::var("CI").as_deref() != Ok("true"),
        "the browser tests need {missing}"
    );
    // Past the test harness, which keeps to itself what a passing test prints.
    let _ = writeln!(std::io::stderr(), "skipped: the browser tests need {missing}");
    None
}

fn on_path(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let candidates =
        env::split_paths(&path).flat_map(|folder| names.iter().map(move |name| folder.join(name)));
    candidates.into_iter().find(|candidate| candidate.is_file())
}

/// Starts the driver on a port of its choice, which it prints.
fn start_driver(program: PathBuf) -> (Driver, u16) {
    let mut command = Command::new(program);
    command
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut driver = Driver(command.spawn().expect("chromedriver starts"));
    let mut lines = BufReader::new(driver.0.stdout.take().expect("a pipe"))
        .lines()
        .map_while(Result::ok);
    let port = lines.find_map(|line| {
        line.trim_end_matches('.')
            .rsplit_once("successfully on port ")?
            .1
            .parse()
            .ok()
    });
    // Read on, so that the driver never meets a closed pipe.
    std::thread::spawn(move || lines.for_each(drop));
    (driver, port.expect("chromedriver names its port"))
}

/// No name but loopback's own is resolved, and the browser does nothing of its own accord.
fn capabilities(browser: &std::path::Path, profile: &TempDir) -> serde_json::Map<String, Value> {
    let arguments = json!([
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-default-apps",
        "--disable-sync",
        "--no-first-run",
        "--no-proxy-server",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--window-size=1400,900",
        format!("--user-data-dir={}", profile.path().display()),
    ]);
    let options = json!({ "goog:chromeOptions": { "binary": browser, "args": arguments } });
    options.as_object().expect("an object").clone()
}
