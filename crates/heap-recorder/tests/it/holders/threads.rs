//! What threads hold that wait: on their stacks, and in their thread-local variables.

use super::{Case, first, program};
use heap_profile::holders::RootKind::{Stack, ThreadLocal};
use std::{
    cell::RefCell,
    fs,
    hint::black_box,
    io::{PipeReader, PipeWriter, Read},
    process,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
        mpsc::channel,
    },
    thread,
    time::Duration,
};

thread_local! {
    static OWN: RefCell<Vec<Box<[u8]>>> = const { RefCell::new(Vec::new()) };
    static AT_FIRST_USE: RefCell<Vec<Box<[u8]>>> = RefCell::new(Vec::with_capacity(7));
}

/// Runs `work` on a thread of this name, and `look` while it waits inside of `work`.
pub(super) fn while_parked<T>(
    name: &str,
    work: impl FnOnce(&dyn Fn()) + Send,
    look: impl FnOnce() -> T,
) -> T {
    let (parked, wait_for_it) = channel();
    let (release, released) = channel::<()>();
    thread::scope(|scope| {
        let thread = thread::Builder::new().name(name.to_owned());
        let spawned = thread.spawn_scoped(scope, move || {
            let number = this_thread();
            work(&|| {
                parked.send(number).expect("somebody listens");
                // The other end is dropped, not used.
                released.recv().expect_err("nothing is sent");
            });
        });
        spawned.expect("a thread");
        wait_until_asleep(wait_for_it.recv().expect("it gets there"));
        let seen = look();
        drop(release);
        seen
    })
}

/// The number that the kernel knows this thread by.
fn this_thread() -> i32 {
    let link = fs::read_link("/proc/thread-self").expect("this thread");
    let number = link.file_name().and_then(|name| name.to_str()?.parse().ok());
    number.expect("a number")
}

/// Waits until a thread of this process waits.
pub(super) fn wait_until_asleep(thread: i32) {
    let file = format!("/proc/self/task/{thread}/stat");
    loop {
        let stat = fs::read_to_string(&file).expect("the thread's state");
        // The name, which is in brackets, may have anything in it.
        if stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('S')) {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_thread_local_is_named_and_its_thread_too() {
    program(|case| {
        let fill = |park: &dyn Fn()| {
            OWN.with_borrow_mut(|own| own.extend(case.bodies()));
            park();
        };
        let path = while_parked("keeper", fill, || first(&case.holders(), ThreadLocal, "OWN"));
        assert_eq!(path.root.thread.as_deref(), Some("keeper"));
    });
}

#[test]
fn a_thread_local_that_is_made_at_first_use_is_named() {
    program(|case| {
        let fill = |park: &dyn Fn()| {
            AT_FIRST_USE.with_borrow_mut(|own| own.extend(case.bodies()));
            park();
        };
        let path = while_parked("keeper", fill, || {
            first(&case.holders(), ThreadLocal, "AT_FIRST_USE")
        });
        assert_eq!(path.root.thread.as_deref(), Some("keeper"));
    });
}

#[test]
fn a_list_on_a_waiting_threads_stack_is_held_by_that_stack() {
    program(|case| {
        let hold = |park: &dyn Fn()| {
            let list: Vec<_> = case.bodies().collect();
            black_box(&list);
            park();
            drop(black_box(list));
        };
        let path = while_parked("keeper", hold, || first(&case.holders(), Stack, "keeper"));
        assert_eq!(path.steps.len(), 2, "the body, the list's buffer");
    });
}

static HELD_ON_MAIN: Mutex<Option<(Case, PipeReader)>> = Mutex::new(None);
static MAIN_HOLDS: AtomicBool = AtomicBool::new(false);

/// Runs on the main thread's stack, above the frames in which it waits for the test to end.
extern "C" fn hold_on_this_stack(_: i32) {
    let (case, mut release) = HELD_ON_MAIN.lock().expect("no panic").take().expect("what to do");
    let list: Vec<_> = case.bodies().collect();
    black_box(&list);
    MAIN_HOLDS.store(true, SeqCst);
    release.read_to_end(&mut Vec::new()).expect("the pipe's end");
    drop(black_box(list));
}

/// Has the main thread keep objects, until what is returned is dropped. A test runs on another one, while the main thread
/// waits for it with no lock taken: a signal's handler can do there what it likes.
fn keep_on_main(case: Case) -> PipeWriter {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    *HELD_ON_MAIN.lock().expect("no panic") = Some((case, reader));
    let main = process::id() as i32;
    wait_until_asleep(main);
    // SAFETY: the handler is a function of the right kind; the main thread waits in a system call, so that it neither
    // allocates nor holds a lock.
    unsafe {
        libc::signal(
            libc::SIGUSR1,
            hold_on_this_stack as extern "C" fn(i32) as libc::sighandler_t,
        );
        libc::syscall(libc::SYS_tgkill, main, main, libc::SIGUSR1);
    }
    while !MAIN_HOLDS.load(SeqCst) {
        thread::sleep(Duration::from_millis(1));
    }
    wait_until_asleep(main);
    writer
}

#[test]
fn a_list_on_the_main_threads_stack_is_held_by_that_stack() {
    program(|case| {
        // The main thread goes by the program's name.
        let main = fs::read_to_string("/proc/self/comm").expect("the main thread's name");
        let release = keep_on_main(case);
        first(&case.holders(), Stack, main.trim_end());
        drop(release);
    });
}
