//! The names of this very program's functions, from its own line tables.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use heap_profile::{
    Error, Frame, Function, Line, Location, Mapping, Origin, Profile, Sample, Symbolizer, build_id_of,
};

use crate::support::kind;

#[inline(always)]
fn put_into_its_caller(shelf: &mut Vec<u64>) {
    shelf.push(black_box(7));
}

#[inline(never)]
fn a_function_with_a_name_of_its_own(shelf: &mut Vec<u64>) {
    put_into_its_caller(shelf);
}

fn this_program() -> PathBuf {
    std::env::current_exe().expect("Linux knows")
}

/// What `/proc` says is mapped here, the program first.
fn mappings() -> Vec<Mapping> {
    let maps = std::fs::read_to_string("/proc/self/maps").expect("Linux has it");
    let program = this_program();
    let hex = |text: &str| u64::from_str_radix(text, 16).expect("the kernel writes hexadecimal");
    let mapping = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let (start, limit) = words[0].split_once('-').expect("a range");
        let file = *words.get(5)?;
        let build_id = if Path::new(file) == program {
            build_id()
        } else {
            String::new()
        };
        let (start, limit, offset) = (hex(start), hex(limit), hex(words[2]));
        Some(Mapping {
            start,
            limit,
            offset,
            file: file.into(),
            build_id: build_id.into(),
        })
    };
    let mut mappings: Vec<Mapping> = maps.lines().filter_map(mapping).collect();
    mappings.sort_by_key(|mapping| Path::new(&*mapping.file) != program);
    mappings
}

fn build_id() -> String {
    build_id_of(&this_program())
        .expect("it is a binary")
        .expect("it is linked with a build id")
}

/// A profile of one sample an address.
fn profile(mappings: Vec<Mapping>, addresses: impl Iterator<Item = u64>) -> Profile {
    let holds =
        |mapping: &Mapping, address| mapping.is_token() || (mapping.start..mapping.limit).contains(&address);
    let location = |address| {
        let mapping = mappings.iter().position(|mapping| holds(mapping, address));
        Location {
            address,
            mapping,
            lines: Vec::new(),
        }
    };
    let locations: Vec<Location> = addresses.map(location).collect();
    let sample = |index| Sample {
        stack: vec![index],
        values: vec![1],
        labels: Vec::new(),
    };
    Profile {
        sample_types: vec![kind("inuse_space", "bytes")],
        samples: (0..locations.len()).map(sample).collect(),
        locations,
        mappings,
        ..Profile::default()
    }
}

/// The addresses of the first instructions of the function, in this process.
fn own_addresses() -> std::ops::Range<u64> {
    let function: fn(&mut Vec<u64>) = a_function_with_a_name_of_its_own;
    function(&mut Vec::new());
    let start = function as usize as u64;
    start..start + 16
}

#[test]
fn an_address_of_a_function_gets_its_name_and_the_functions_that_are_inlined_into_it() {
    let symbolized = Symbolizer::new()
        .symbolize(&profile(mappings(), own_addresses()))
        .expect("the binary is there");
    let stacks: Vec<_> = symbolized.samples.iter().map(|sample| &sample.stack).collect();
    let outermost: Vec<&Frame> = stacks
        .iter()
        .filter_map(|stack| stack.last())
        .map(|frame| &**frame)
        .collect();
    for frame in outermost {
        assert_eq!(frame.function, "it::symbolize::a_function_with_a_name_of_its_own");
        assert!(
            frame
                .file
                .as_deref()
                .is_some_and(|file| file.ends_with("tests/it/symbolize.rs")),
            "{frame:?}"
        );
        assert!(
            frame.line.is_some() && !frame.inlined && frame.is_own(),
            "{frame:?}"
        );
    }
    let inlined = stacks
        .iter()
        .find(|stack| stack.len() > 1)
        .expect("16 bytes are beyond the prologue");
    let inlined = &inlined[inlined.len() - 2];
    assert_eq!(inlined.function, "it::symbolize::put_into_its_caller");
    assert!(inlined.inlined && inlined.is_own());
}

#[test]
fn a_file_with_addresses_of_the_binary_itself_is_read_too() {
    let of_process = profile(mappings(), own_addresses());
    let token = Mapping {
        start: 0,
        limit: u64::MAX,
        offset: 0,
        ..of_process.mappings[0].clone()
    };
    let of_file = profile(
        vec![token],
        own_addresses().map(|address| address - program_start()),
    );
    let mut symbolizer = Symbolizer::new();
    let expected = symbolizer.symbolize(&of_process).expect("the binary is there");
    let symbolized = symbolizer.symbolize(&of_file).expect("the binary is there");
    for (sample, expected) in symbolized.samples.iter().zip(&expected.samples) {
        assert_eq!(sample.stack, expected.stack);
    }
}

#[test]
fn rows_with_the_same_stack_share_it() {
    let mut profile = profile(mappings(), own_addresses());
    for (sample, stack) in profile.samples.iter_mut().zip([vec![0, 1], vec![1], vec![0, 1]]) {
        sample.stack = stack;
    }
    let symbolized = Symbolizer::new()
        .symbolize(&profile)
        .expect("the binary is there");
    let [first, other, same] = [0, 1, 2].map(|at| &symbolized.samples[at].stack);
    assert!(Arc::ptr_eq(first, same));
    assert!(first.len() > other.len() && first.ends_with(other));
}

/// A position-independent program's own addresses begin at 0.
fn program_start() -> u64 {
    let program = this_program();
    let starts = mappings()
        .into_iter()
        .filter(|mapping| Path::new(&*mapping.file) == program);
    starts
        .map(|mapping| mapping.start)
        .min()
        .expect("the program is mapped")
}

#[test]
fn another_build_is_refused_with_both_build_ids() {
    let mut mappings = mappings();
    for mapping in &mut mappings {
        mapping.build_id = "c0ffee".into();
    }
    let error = Symbolizer::new()
        .symbolize(&profile(mappings, own_addresses()))
        .expect_err("it is another build");
    let expected = format!("its build id is {}, the snapshot has c0ffee", build_id());
    assert!(error.to_string().ends_with(&expected), "{error}");
    assert!(error.hint().is_some_and(|hint| hint.contains("--binary")));
}

#[test]
fn a_binary_that_is_not_there_is_an_error_unless_another_place_has_it() {
    let mut mappings = mappings();
    let program = mappings[0].file.clone();
    for mapping in mappings.iter_mut().filter(|mapping| mapping.file == program) {
        mapping.file = "/nowhere/shop".into();
    }
    let profile = profile(mappings, own_addresses());
    let error = Symbolizer::new()
        .symbolize(&profile)
        .expect_err("it is not there");
    assert!(
        matches!(error, Error::BinaryUnreadable { .. }) && error.hint().is_some(),
        "{error}"
    );
    let named = Symbolizer::new()
        .with_binary(this_program())
        .symbolize(&profile)
        .expect("it is there");
    let found = Symbolizer::new()
        .with_candidate(this_program())
        .symbolize(&profile)
        .expect("it has the build id");
    for symbolized in [named, found] {
        let frame = symbolized.samples[0].stack.last().expect("a frame");
        assert_eq!(frame.function, "it::symbolize::a_function_with_a_name_of_its_own");
    }
    let other = Symbolizer::new().with_candidate("/bin/true").symbolize(&profile);
    assert!(other.is_err(), "a candidate needs the right build id");
}

#[test]
fn a_library_that_cannot_be_read_leaves_offsets() {
    let library = Mapping {
        start: 0x7000,
        limit: 0x9000,
        offset: 0x100,
        file: "/nowhere/libshelf.so.6".into(),
        build_id: "ab".into(),
    };
    let program = Mapping {
        start: 0x1000,
        limit: 0x2000,
        file: "/nowhere/shop".into(),
        ..Mapping::default()
    };
    let profile = profile(vec![program, library], [0x7010, 0xf000].into_iter());
    let symbolized = Symbolizer::new()
        .symbolize(&profile)
        .expect("the program itself is not asked for");
    let names: Vec<_> = symbolized
        .samples
        .iter()
        .map(|sample| sample.stack[0].function.as_str())
        .collect();
    assert_eq!(names, ["libshelf.so.6+0x110", "0xf000"]);
}

#[test]
fn names_that_the_file_has_are_used_without_a_binary() {
    let mut profile = profile(
        vec![Mapping {
            file: "/nowhere/shop".into(),
            ..Mapping::default()
        }],
        [1].into_iter(),
    );
    let function = |name: &str, file: &str| Function {
        name: name.into(),
        file: file.into(),
        ..Function::default()
    };
    profile.functions = vec![
        function(
            "shop::inlined",
            "/home/ada/.cargo/registry/src/i/shelf-1.2.3/src/lib.rs",
        ),
        function("_RNvCs1234_4shop4main", "/home/ada/shop/src/main.rs"),
    ];
    profile.locations[0].lines = vec![Line { function: 0, line: 3 }, Line { function: 1, line: 0 }];
    let symbolized = Symbolizer::new()
        .symbolize(&profile)
        .expect("nothing has to be looked up");
    let stack = &symbolized.samples[0].stack;
    let shelf = Origin::Dependency {
        name: "shelf".to_owned(),
        version: Some("1.2.3".to_owned()),
    };
    assert_eq!(
        (&*stack[0].function, stack[0].line, &stack[0].origin),
        ("shop::inlined", Some(3), &shelf)
    );
    assert_eq!(
        (&*stack[1].function, stack[1].line, &stack[1].origin),
        ("shop::main", None, &Origin::Own)
    );
    assert_eq!((stack[0].inlined, stack[1].inlined), (true, false));
}
