//! A real browser, with no network but loopback, opens both GraphiQL pages and works with them.
//!
//! Needs Chromium and its driver; says so and passes without them, except where `CI=true`.

use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use heap_admin::door::{GraphiqlSource, graphiql_source};
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use crate::harness::{Lab, wait_until};

const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// The text in the response pane.
const RESPONSE: &str = "return Array.from(document.querySelectorAll('.result-window .CodeMirror-line'),
    line => line.textContent).join('\\n')";
/// The text in the query editor.
const EDITOR: &str = "return Array.from(document.querySelectorAll('.graphiql-query-editor .CodeMirror-line'),
    line => line.textContent).join('\\n')";
/// The dialogs that are open.
const DIALOGS: &str =
    "return Array.from(document.querySelectorAll('.graphiql-dialog'), dialog => dialog.className).join()";
/// Everything that the page has asked for, whether it was served or not.
const REQUESTS: &str = "return performance.getEntriesByType('resource').map(entry => entry.name)";
/// What the page's policy has forbidden since it was opened.
const VIOLATIONS: &str = "const give = arguments[0];
    const texts = reports => reports.map(report => JSON.stringify(report.body));
    const observer = new ReportingObserver(reports => give(texts(reports)), { types: ['csp-violation'], buffered: true });
    observer.observe();
    setTimeout(() => give(texts(observer.takeRecords())), 300)";

#[test]
fn the_bookshops_page_runs_a_query_without_a_network() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let lab = Lab::start(&[]);
    open(&browser, lab.public_url(), "{ problems { id title } }");
    execute(&browser, "00hello");
    browser.click("[aria-label='Open settings dialog']");
    wait_for(&browser, DIALOGS, "graphiql-dialog");
    assert_stayed_home(&browser, lab.public_url());
}

#[test]
fn the_admin_page_takes_a_snapshot_and_follows_the_memory_without_a_network() {
    let Some(browser) = Browser::start() else {
        return;
    };
    let lab = Lab::start(&[]);
    let snapshots = || lab.admin("{ snapshots { id } }")["snapshots"].clone();
    open(
        &browser,
        lab.admin_url(),
        "mutation { takeSnapshot(name: \"browser\") { id } }",
    );
    assert_eq!(snapshots(), json!([]), "an address was executed");
    execute(&browser, "\"takeSnapshot\"");
    let taken = snapshots();
    let id = taken[0]["id"].as_str().expect("one snapshot");
    assert!(browser.text(RESPONSE).contains(id), "{taken}");
    assert_stayed_home(&browser, lab.admin_url());

    open(
        &browser,
        lab.admin_url(),
        "subscription { memory(intervalMs: 100) { live } }",
    );
    execute(&browser, "\"live\"");
    assert_stayed_home(&browser, lab.admin_url());
}

/// Opens the page with a query in its editor.
fn open(browser: &Browser, base: &str, query: &str) {
    let page = Url::parse_with_params(&format!("{base}/graphql"), [("query", query)]).expect("a URL");
    browser.go_to(page.as_str());
    let word = query.split(['{', '(']).nth(1).unwrap_or(query).trim();
    wait_for(browser, EDITOR, word);
    let shown = browser.text(RESPONSE);
    assert_eq!(
        shown.trim_matches(['\u{200b}', '\n']),
        "",
        "an address was executed"
    );
}

/// Presses the button, and waits until the response shows what is expected.
fn execute(browser: &Browser, expected: &str) {
    browser.click(".graphiql-execute-button");
    wait_for(browser, RESPONSE, expected);
}

fn wait_for(browser: &Browser, script: &str, expected: &str) {
    wait_until(&format!("{expected} in the page"), || {
        browser.text(script).contains(expected)
    });
}

/// Nothing was asked of another host, and the page's policy had nothing to forbid.
fn assert_stayed_home(browser: &Browser, base: &str) {
    let requests = browser.run("sync", REQUESTS);
    let requests: Vec<String> = serde_json::from_value(requests).expect("addresses");
    let own = |request: &&String| request.starts_with(&format!("{base}/")) || request.starts_with("data:");
    assert!(
        requests.iter().filter(own).count() >= 7,
        "the page's files and a query: {requests:?}"
    );
    let foreign: Vec<_> = requests.iter().filter(|request| !own(request)).collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    assert_eq!(browser.run("async", VIOLATIONS), json!([]));
}

/// A headless Chromium, spoken to over the WebDriver protocol of its driver. Closed when dropped.
struct Browser {
    agent: ureq::Agent,
    /// Where the session's commands go.
    session: String,
    _driver: Driver,
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

impl Drop for Browser {
    fn drop(&mut self) {
        // Without this the browser outlives its driver.
        let _ = self.agent.delete(&self.session).call();
    }
}

/// What WebDriver calls an element's reference in its answers.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

impl Browser {
    /// Nothing where there is no browser, or no page for it; that is an error where `CI=true`.
    fn start() -> Option<Self> {
        if graphiql_source() != GraphiqlSource::Embedded {
            return skip("a build that had npm");
        }
        let (Some(driver), Some(program)) = (on_path(&["chromedriver"]), on_path(&BROWSERS)) else {
            return skip("Chromium and chromedriver");
        };
        let (driver, port) = start_driver(driver);
        let profile = tempfile::tempdir().expect("a temporary folder");
        let mut browser = Self {
            agent: ureq::Agent::config_builder()
                .http_status_as_error(false)
                .build()
                .into(),
            session: format!("http://127.0.0.1:{port}/session"),
            _driver: driver,
            _profile: profile,
        };
        let wanted = json!({ "alwaysMatch": capabilities(&program, &browser._profile) });
        let session = browser.command("", &json!({ "capabilities": wanted }));
        let id = session["sessionId"].as_str().expect("a session");
        browser.session = format!("{}/{id}", browser.session);
        Some(browser)
    }

    /// Sends a command; gives the `value` of the answer.
    fn command(&self, path: &str, body: &Value) -> Value {
        let answer = self.agent.post(format!("{}{path}", self.session)).send_json(body);
        let mut answer: Value = answer.expect("an answer").body_mut().read_json().expect("JSON");
        assert!(answer["value"].get("error").is_none(), "{path}: {answer}");
        answer["value"].take()
    }

    fn go_to(&self, url: &str) {
        self.command("/url", &json!({ "url": url }));
    }

    /// Presses what the selector names, once it is there.
    fn click(&self, selector: &str) {
        let there = format!(
            "return String(document.querySelector({}) !== null)",
            json!(selector)
        );
        wait_for(self, &there, "true");
        let element = self.command("/element", &json!({ "using": "css selector", "value": selector }));
        let id = element[ELEMENT].as_str().expect("an element");
        self.command(&format!("/element/{id}/click"), &json!({}));
    }

    /// Runs a script in the page, `sync` or `async`.
    fn run(&self, kind: &str, script: &str) -> Value {
        self.command(
            &format!("/execute/{kind}"),
            &json!({ "script": script, "args": [] }),
        )
    }

    fn text(&self, script: &str) -> String {
        self.run("sync", script).as_str().unwrap_or_default().to_owned()
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
fn capabilities(browser: &std::path::Path, profile: &TempDir) -> Value {
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
    json!({ "goog:chromeOptions": { "binary": browser, "args": arguments } })
}
