//! What tasks of tokio hold, and what holds finished ones.

use super::{Case, first, holds_nearly_all, program};
use heap_profile::holders::RootKind::{Static, Task};
use std::{
    hint::black_box,
    sync::{Mutex, OnceLock},
    time::Duration,
};
use tokio::{
    runtime::{Builder, Runtime},
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    sync::oneshot,
    task::JoinSet,
    time::sleep,
};

/// Tasks in a large set.
const MANY: usize = 120_000;

static FINISHED: Mutex<Option<JoinSet<Box<[u8]>>>> = Mutex::new(None);
static SENDER: OnceLock<UnboundedSender<Box<[u8]>>> = OnceLock::new();

fn runtime() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().expect("a runtime")
}

async fn sleeper(case: Case, ready: oneshot::Sender<()>) {
    let list: Vec<_> = case.bodies().collect();
    ready.send(()).expect("somebody listens");
    sleep(Duration::from_secs(3600)).await;
    drop(black_box(list));
}

#[test]
fn a_sleeping_task_holds_what_its_future_has() {
    program(|case| {
        let runtime = runtime();
        let (ready, is_ready) = oneshot::channel();
        runtime.spawn(sleeper(case, ready));
        runtime.block_on(is_ready).expect("it gets there");
        first(&case.holders(), Task, "holders::tasks::sleeper");
    });
}

/// A set of tasks that have ended, each with an output.
fn finish<T: Send + 'static>(
    set: &Mutex<Option<JoinSet<T>>>,
    runtime: &Runtime,
    outputs: impl Iterator<Item = T>,
) {
    let mut tasks = JoinSet::new();
    for output in outputs {
        tasks.spawn_on(async { output }, runtime.handle());
    }
    runtime.block_on(async {
        while runtime.metrics().num_alive_tasks() > 0 {
            sleep(Duration::from_millis(1)).await;
        }
    });
    *set.lock().expect("no panic") = Some(tasks);
}

#[test]
fn a_set_of_finished_tasks_holds_their_outputs() {
    program(|case| {
        let runtime = runtime();
        finish(&FINISHED, &runtime, case.bodies());
        first(&case.holders(), Static, "tasks::FINISHED");
    });
}

/// The set's entries are a list, and each entry is held by its task too: more of those than a search has room for.
#[test]
fn a_set_of_so_many_tasks_that_each_entry_has_another_holder_is_found() {
    program(|case| {
        let runtime = runtime();
        let others = (0..MANY).map(|_| Box::default());
        finish(&FINISHED, &runtime, case.bodies().chain(others));
        first(&case.holders(), Static, "tasks::FINISHED");
    });
}

/// Takes nothing out of the queue until it is told to, which it never is.
async fn receiver(mut queue: UnboundedReceiver<Box<[u8]>>, go: oneshot::Receiver<()>) {
    go.await.expect("a sign");
    while let Some(body) = queue.recv().await {
        drop(black_box(body));
    }
}

#[test]
fn a_queue_is_held_by_its_sender_or_its_receiver() {
    program(|case| {
        let runtime = runtime();
        let (sender, queue) = unbounded_channel();
        let (go, wait) = oneshot::channel();
        runtime.spawn(receiver(queue, wait));
        let sender = SENDER.get_or_init(|| sender);
        case.bodies()
            .for_each(|body| sender.send(body).expect("a receiver"));
        let holders = case.holders();
        let path = holders.paths.first().expect("a path");
        let name = path.root.name.as_deref().unwrap_or_default();
        let by_sender = path.root.kind == Static && name.contains("tasks::SENDER");
        let by_receiver = path.root.kind == Task && name.contains("tasks::receiver");
        assert!(by_sender || by_receiver, "{path:#?}");
        holds_nearly_all(&holders, path);
        drop(go);
    });
}
