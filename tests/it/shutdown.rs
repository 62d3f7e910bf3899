//! Signals: a snapshot at SIGUSR2, an orderly end at SIGTERM and SIGINT.

use std::io::Write as _;
use std::path::Path;
use std::thread;

use crate::harness::{Lab, get, wait_until};

fn files(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}

fn whole_profiles(folder: &Path) -> usize {
    let snapshots = files(folder)
        .into_iter()
        .filter(|name| name.ends_with(".pb.gz") && !name.starts_with('.'));
    snapshots
        .map(|name| {
            let bytes = std::fs::read(folder.join(&name)).expect("a file");
            heap_profile::Profile::decode(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        })
        .count()
}

#[test]
fn sigusr2_takes_a_snapshot_while_the_bookshop_is_under_load() {
    let lab = Lab::start(&[]);
    thread::scope(|scope| {
        let load = scope.spawn(|| lab.call_problem("hello", 4_000));
        lab.signal("USR2");
        wait_until("the snapshot", || whole_profiles(&lab.snapshots()) == 1);
        load.join().expect("the load was answered");
    });
    lab.wait_for_log("SIGUSR2: snapshot");
    let reasons = lab.admin("{ snapshots { reason } }");
    assert_eq!(reasons["snapshots"][0]["reason"], "SIGNAL");
}

#[test]
fn two_snapshots_at_once_both_land() {
    let lab = Lab::start(&[]);
    thread::scope(|scope| {
        let both = [
            scope.spawn(|| lab.take_snapshot()),
            scope.spawn(|| lab.take_snapshot()),
        ];
        let [one, other] = both.map(|taken| taken.join().expect("a snapshot"));
        assert_ne!(one, other);
    });
    assert_eq!(whole_profiles(&lab.snapshots()), 2);
}

#[test]
fn sigterm_during_a_snapshot_leaves_no_partial_file() {
    for _ in 0..5 {
        let mut lab = Lab::start(&[]);
        lab.call_problem("hello", 500);
        lab.signal("USR2");
        lab.signal("TERM");
        assert_eq!(lab.wait().code(), Some(0), "{}", lab.log());
        let left = files(&lab.snapshots());
        let whole = whole_profiles(&lab.snapshots());
        assert_eq!(
            whole, 1,
            "a snapshot that was asked for before the end is taken: {left:?}"
        );
        let partial: Vec<_> = left
            .iter()
            .filter(|name| name.contains(".tmp") || name.contains(".part"))
            .collect();
        assert!(partial.is_empty(), "{left:?}");
        assert_eq!(left.iter().filter(|name| name.ends_with(".pb.gz")).count(), whole);
    }
}

#[test]
fn an_interrupt_ends_the_service_with_success_and_closes_its_doors() {
    let mut lab = Lab::start(&[]);
    assert_eq!(get(&format!("{}/", lab.public_url())).0, 200);
    lab.signal("INT");
    assert_eq!(lab.wait().code(), Some(0), "{}", lab.log());
    let address = lab.public_url().trim_start_matches("http://");
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[test]
fn open_connections_and_subscriptions_do_not_keep_the_service_from_ending() {
    let mut lab = Lab::start(&[]);
    let idle = [lab.public_url(), lab.admin_url()]
        .map(|door| std::net::TcpStream::connect(door.trim_start_matches("http://")).expect("a connection"));
    let mut half = &idle[1];
    half.write_all(b"POST /graphql HTTP/1.1\r\nHost: half a request\r\n")
        .expect("sent");
    lab.signal("TERM");
    assert_eq!(lab.wait().code(), Some(0), "{}", lab.log());
}
