//! One snapshot at a time, and none lost.

use crate::held::until;
use crate::server::{Server, start, start_with};
use futures_util::FutureExt;
use heap_admin::{Error, Limits, Reason, Shown};
use std::{
    io::Write,
    net::TcpStream,
    sync::mpsc::{Receiver, Sender, channel},
    sync::{Mutex, atomic::AtomicUsize, atomic::Ordering},
    thread,
};

/// A server whose snapshots tell when they began, and then wait to be let go.
fn start_held() -> (Server, Receiver<()>, Sender<()>) {
    let (began, begins) = channel();
    let (release, released) = channel::<()>();
    let released = Mutex::new(released);
    let server = start_with(|builder, folder| {
        builder
            .snapshots(folder.path(), Limits::default())
            .quiesce(move || {
                began.send(()).expect("the test listens");
                // An error: the test let go of all.
                let _ = released.lock().expect("no panic").recv();
            })
    });
    (server, begins, release)
}

/// Asks for a snapshot and does not wait for the answer.
fn send_request(server: &Server) -> TcpStream {
    let body = r#"{"query":"mutation { takeSnapshot { id } }"}"#;
    let mut client = TcpStream::connect(server.address).expect("a connection");
    let address = server.address;
    write!(
        client,
        "POST /graphql HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("the request goes out");
    client
}

#[test]
fn a_client_that_hangs_up_still_gets_its_snapshot_on_the_disk() {
    let (server, begins, release) = start_held();
    let client = send_request(&server);
    begins.recv().expect("the snapshot begins");
    drop(client);
    drop(release);
    server.runtime.block_on(server.admin.finish());
    assert_eq!(server.files().len(), 1);
}

#[test]
fn a_fresh_profile_keeps_its_turn_when_nobody_waits_for_it_any_more() {
    let (server, begins, release) = start_held();
    let admin = server.admin.clone();
    let caller = server
        .runtime
        .spawn(async move { admin.profile(Shown::Live).await });
    begins.recv().expect("the profile begins");
    caller.abort();
    server.runtime.block_on(async {
        caller.await.expect_err("the caller hung up");
        assert!(server.admin.finish().now_or_never().is_none());
        drop(release);
        server.admin.finish().await;
    });
}

#[test]
fn a_fresh_profile_whose_caller_has_left_before_its_turn_is_not_taken() {
    let (server, begins, release) = start_held();
    let client = send_request(&server);
    begins.recv().expect("the snapshot begins");
    server.runtime.block_on(async {
        for _ in 0..3 {
            // Asked for once, and dropped.
            assert!(server.admin.profile(Shown::Live).now_or_never().is_none());
        }
        drop(release);
        server.admin.finish().await;
    });
    assert!(begins.try_recv().is_err(), "a profile was taken for nobody");
    assert_eq!(server.files().len(), 1);
    drop(client);
}

#[test]
fn of_those_who_wait_sixteen_find_a_place_and_a_snapshot_needs_none() {
    let (server, begins, release) = start_held();
    let first = send_request(&server);
    begins.recv().expect("the snapshot begins");
    let profile = |_| Box::pin(server.admin.profile(Shown::Live));
    let mut waiting: Vec<_> = (0..16).map(profile).collect();
    server.runtime.block_on(async {
        for profile in &mut waiting {
            assert!(profile.as_mut().now_or_never().is_none());
        }
        let refused = server.admin.profile(Shown::Live).await;
        assert!(matches!(refused, Err(Error::Busy { most: 16 })), "{refused:?}");
    });
    let refused = server.get("/debug/pprof/heap");
    let error = &refused.json()["error"];
    assert_eq!((refused.status, &error["code"]), (503, &"BUSY".into()));
    assert_eq!(error["message"], "16 others wait for their turn already");
    assert!(error["hint"].is_string(), "{error}");
    let second = send_request(&server);
    drop(waiting);
    drop(release);
    until("both snapshots are there", || server.files().len() == 2);
    until("there is room again", || {
        server.get("/debug/pprof/heap").status == 200
    });
    drop((first, second));
}

#[test]
fn two_snapshots_at_once_come_one_after_the_other() {
    let server = start();
    let ids: Vec<_> = thread::scope(|scope| {
        let tasks: Vec<_> = (0..6).map(|_| scope.spawn(|| server.take(""))).collect();
        tasks
            .into_iter()
            .map(|task| task.join().expect("a snapshot")["id"].clone())
            .collect()
    });
    let listed = server.ask("{ snapshots { id } }");
    for id in &ids {
        assert_eq!(ids.iter().filter(|other| *other == id).count(), 1, "{ids:?}");
        let found = listed["data"]["snapshots"].as_array().expect("a list");
        assert!(
            found.iter().any(|snapshot| snapshot["id"] == *id),
            "{id} in {listed}"
        );
    }
    assert_eq!(server.files().len(), 6);
}

#[test]
fn a_snapshot_begins_when_the_one_before_is_on_the_disk() {
    let (server, begins, release) = start_held();
    let clients: Vec<_> = (0..5).map(|_| send_request(&server)).collect();
    for before in 0..clients.len() {
        begins.recv().expect("a snapshot begins");
        assert_eq!(server.files().len(), before);
        release.send(()).expect("it waits to be let go");
    }
    server.runtime.block_on(server.admin.finish());
    assert_eq!(server.files().len(), clients.len());
}

#[test]
fn shutting_down_waits_for_the_snapshot_under_way_and_refuses_later_ones() {
    let (server, begins, release) = start_held();
    let client = send_request(&server);
    begins.recv().expect("the snapshot begins");
    let admin = server.admin.clone();
    let finish = server.runtime.spawn(async move { admin.finish().await });
    assert!(!finish.is_finished());
    // The door answers meanwhile: figures need no turn.
    assert!(server.ask("{ memoryInfo { rss } }")["data"]["memoryInfo"]["rss"].is_number());
    assert!(!finish.is_finished());
    assert!(server.files().is_empty());
    drop(release);
    server.runtime.block_on(finish).expect("it finishes");
    assert_eq!(server.files().len(), 1);
    let late = server
        .runtime
        .block_on(server.admin.take_snapshot(None, Reason::Signal, false));
    assert!(matches!(late, Err(Error::Closed)), "{late:?}");
    assert_eq!(
        server.ask("mutation { takeSnapshot { id } }")["errors"][0]["extensions"]["code"],
        "SHUTTING_DOWN"
    );
    drop(client);
}

#[test]
fn a_hook_that_panics_fails_its_snapshot_and_no_other() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let server = start_with(|builder, folder| {
        builder
            .snapshots(folder.path(), Limits::default())
            .quiesce(|| assert_ne!(CALLS.fetch_add(1, Ordering::SeqCst), 0, "the first call fails"))
    });
    let failed = server.ask("mutation { takeSnapshot { id } }");
    assert_eq!(failed["errors"][0]["extensions"]["code"], "INTERNAL", "{failed}");
    server.take("");
    assert_eq!(server.files().len(), 1);
}
