//! Names by this very program's symbols: of what is where at run time.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex};

use heap_profile::holders::{
    CodeAddress, Edge, Holder, Holders, MappedFile, Object as Allocation, REFERENCE_GRAPH_VERSION,
    ReferenceGraph, Root,
};
use heap_profile::{Symbolizer, build_id_of};
use object::{Object, ObjectSymbol};

static KEPT: Mutex<[u64; 8]> = Mutex::new([0; 8]);
static MADE_LATE: LazyLock<Mutex<HashMap<u32, String>>> = LazyLock::new(Mutex::default);

thread_local! {
    static FIRST: Cell<u64> = const { Cell::new(1) };
    static PLAIN: Cell<u64> = const { Cell::new(7) };
    static DROPPED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    static MADE_LATE_TOO: RefCell<Vec<String>> = RefCell::new(vec![black_box("x").repeat(3)]);
}

#[allow(dead_code, reason = "it is there to be dropped")]
struct Parcel(Vec<String>, String);

fn this_program() -> PathBuf {
    std::env::current_exe().expect("Linux knows")
}

/// An address of this process, as the program's own tables have it: a position-independent one begins at 0.
fn of_file(address: usize) -> u64 {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("Linux has it");
    let program = this_program();
    let start = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let is_program = words.get(5).is_some_and(|file| Path::new(file) == program);
        let (start, _) = words[0].split_once('-').expect("a range");
        is_program.then(|| u64::from_str_radix(start, 16).expect("the kernel writes hexadecimal"))
    };
    let first = maps.lines().filter_map(start).min();
    address as u64 - first.expect("the program is mapped")
}

fn at(address: u64) -> CodeAddress {
    CodeAddress { file: 0, address }
}

/// One object, which this root has.
fn graph(root: Root) -> ReferenceGraph {
    let build_id = build_id_of(&this_program()).expect("it is a binary");
    ReferenceGraph {
        version: REFERENCE_GRAPH_VERSION,
        survivors: 1,
        targets: vec![0],
        objects: vec![Allocation {
            bytes: 64,
            explored: true,
            ..Allocation::default()
        }],
        roots: vec![root],
        edges: vec![Edge {
            holder: Holder::Root(0),
            offset: 0,
            held: 0,
            into: 0,
            chain: 0,
            vtable: None,
        }],
        files: vec![MappedFile {
            path: this_program().to_string_lossy().into_owned(),
            build_id: build_id.expect("it is linked with a build id"),
        }],
        ..ReferenceGraph::default()
    }
}

fn holders(graph: &ReferenceGraph) -> Holders {
    Symbolizer::new().holders(graph).expect("the binary is there")
}

/// The name of the root, and how many bytes into it that is.
fn named(root: Root) -> (String, u64) {
    let root = holders(&graph(root)).paths[0].root.clone();
    (
        root.name.expect("it has a name"),
        root.offset.expect("it has a place"),
    )
}

#[test]
fn a_word_of_a_static_is_called_after_it() {
    let inner = |address: usize| Root::Static {
        at: at(of_file(address)),
    };
    let start = &raw const KEPT as usize;
    assert_eq!(named(inner(start)), ("it::holders::named::KEPT".to_owned(), 0));
    assert_eq!(
        named(inner(start + 24)),
        ("it::holders::named::KEPT".to_owned(), 24)
    );
    MADE_LATE
        .lock()
        .expect("nobody panicked")
        .insert(1, "x".to_owned());
    let (name, _) = named(inner(&raw const MADE_LATE as usize + 8));
    assert_eq!(name, "it::holders::named::MADE_LATE");
    assert_eq!(in_a_function().0, "it::holders::named::in_a_function::SEEN");
}

fn in_a_function() -> (String, u64) {
    static SEEN: Mutex<Vec<u64>> = Mutex::new(Vec::new());
    let place = || {
        SEEN.lock().expect("nobody panicked").push(1);
        &raw const SEEN as usize
    };
    named(Root::Static {
        at: at(of_file(place())),
    })
}

/// Where a thread-local variable is, from where another one is whose place the symbols tell.
fn in_thread_local_part(address: usize) -> u64 {
    let file = std::fs::read(this_program()).expect("Linux has it");
    let file = object::File::parse(&*file).expect("it is a binary");
    let is_first = |name: &str| name.contains("5named5FIRST");
    let first = file
        .symbols()
        .find(|symbol| symbol.name().is_ok_and(is_first))
        .expect("it has a symbol");
    let there = FIRST.with(|first| std::ptr::from_ref(first) as usize);
    first
        .address()
        .wrapping_add(address as u64)
        .wrapping_sub(there as u64)
}

#[test]
fn a_word_of_a_thread_local_is_called_after_it_whatever_the_macro_makes_of_it() {
    PLAIN.set(black_box(8));
    DROPPED.with_borrow_mut(|texts| texts.push("x".to_owned()));
    MADE_LATE_TOO.with_borrow_mut(|texts| texts.push("x".to_owned()));
    let places = [
        ("PLAIN", PLAIN.with(|plain| std::ptr::from_ref(plain) as usize)),
        (
            "DROPPED",
            DROPPED.with(|dropped| std::ptr::from_ref(dropped) as usize),
        ),
        (
            "MADE_LATE_TOO",
            MADE_LATE_TOO.with(|late| std::ptr::from_ref(late) as usize),
        ),
    ];
    for (name, address) in places {
        let root = Root::ThreadLocal {
            at: at(in_thread_local_part(address)),
            thread: "main".to_owned(),
        };
        assert_eq!(named(root).0, format!("it::holders::named::{name}"));
    }
}

#[test]
fn a_vtable_tells_the_type_of_what_nobody_sampled() {
    let boxed: Box<dyn std::any::Any> = Box::new(Parcel(Vec::new(), black_box("x").repeat(3)));
    drop(black_box(boxed));
    let drops: unsafe fn(*mut Parcel) = std::ptr::drop_in_place::<Parcel>;
    let mut graph = graph(Root::Outside {
        mapping: "[heap]".to_owned(),
    });
    graph.edges[0].vtable = Some(at(of_file(drops as usize)));
    let steps = &holders(&graph).paths[0].steps;
    assert_eq!(steps[0].kind.as_deref(), Some("it::holders::named::Parcel"));
    // In the middle of the function, it is no vtable's.
    graph.edges[0].vtable = Some(at(of_file(drops as usize) + 1));
    assert_eq!(holders(&graph).paths[0].steps[0].kind, None);
}

#[test]
fn the_crates_of_the_programs_own_functions_are_known_from_the_stacks() {
    let mut graph = graph(Root::Static { at: at(16) });
    let own = in_a_function as fn() -> (String, u64);
    graph.stacks = vec![vec![at(of_file(own as usize))]];
    let names = Symbolizer::new().names_of(&graph).expect("the binary is there");
    assert_eq!(names.own.into_iter().collect::<Vec<_>>(), ["it"]);
}

#[test]
fn what_has_no_symbol_reads_as_a_place_in_its_file() {
    let name = this_program();
    let name = name.file_name().expect("a file").to_string_lossy();
    let far = Root::Static { at: at(u64::MAX / 2) };
    assert_eq!(named(far).0, format!("{name}+0x7fffffffffffffff"));
    let mut graph = graph(Root::Static { at: at(16) });
    graph.files.push(MappedFile {
        path: "/nowhere/libshelf.so.1".to_owned(),
        build_id: String::new(),
    });
    let elsewhere = CodeAddress {
        file: 1,
        address: 0x4010,
    };
    graph.roots[0] = Root::Static { at: elsewhere };
    let root = holders(&graph).paths[0].root.clone();
    assert_eq!(root.name.as_deref(), Some("libshelf.so.1+0x4010"));
}

#[test]
fn another_build_of_the_program_is_refused() {
    let mut graph = graph(Root::Static { at: at(16) });
    graph.files[0].build_id = "c0ffee".to_owned();
    let error = Symbolizer::new()
        .holders(&graph)
        .expect_err("it is another build");
    assert!(
        error.hint().is_some_and(|hint| hint.contains("--binary")),
        "{error}"
    );
}
