//! What static variables of shared libraries hold.

use super::{first, program};
use heap_profile::holders::RootKind::Static;
use std::{
    ffi::{CString, c_void},
    mem,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    process::Command,
};

const SOURCE: &str = "
static unsigned long count;
static void *volatile kept_inside[4096];
void *kept[4096];
void keep(void *it) { kept[count++ % 4096] = it; }
void keep_inside(void *it) { kept_inside[count++ % 4096] = it; }
";

type Keep = extern "C" fn(*mut c_void);

/// Builds the library with these options of the compiler.
fn build(folder: &Path, options: &[&str]) -> PathBuf {
    let (source, library) = (folder.join("kept.c"), folder.join("libkept.so"));
    std::fs::write(&source, SOURCE).expect("the source is written");
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(&source)
        .args(options);
    let output = cc.output().expect("a C compiler");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    library
}

/// Loads the library for good, and gives a function of it.
fn load(library: &Path, function: &str) -> Keep {
    let path = CString::new(library.as_os_str().as_bytes()).expect("a path");
    let function = CString::new(function).expect("a name");
    // SAFETY: the library is the one above: it does nothing as it is loaded, and the function is of this type.
    unsafe {
        let handle = libc::dlopen(path.as_ptr(), libc::RTLD_NOW);
        assert!(!handle.is_null(), "it is not loaded");
        let address = libc::dlsym(handle, function.as_ptr());
        assert!(!address.is_null(), "it is not in the library");
        mem::transmute::<*mut c_void, Keep>(address)
    }
}

fn held_by(
    options: &'static [&str],
    function: &'static str,
    variable: &'static str,
) -> impl FnOnce(super::Case) {
    move |case| {
        let folder = tempfile::tempdir().expect("a folder");
        let keep = load(&build(folder.path(), options), function);
        case.bodies().for_each(|body| keep(Box::into_raw(body).cast()));
        let path = first(&case.holders(), Static, variable);
        assert_eq!(path.steps.len(), 1, "the variable has the pointers itself");
    }
}

#[test]
fn a_variable_of_a_shared_library_holds_what_it_points_to() {
    program(|case| held_by(&[], "keep_inside", "kept_inside")(case));
}

#[test]
fn a_variable_that_a_stripped_library_exports_is_named() {
    program(|case| held_by(&["-s"], "keep", "kept")(case));
}
