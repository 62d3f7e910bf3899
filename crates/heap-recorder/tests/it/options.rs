//! The options that jemalloc started with, and the profiler's states that follow from them.

use crate::child::alone;
use heap_recorder::{Error, Missing, ProfilerState, dump, profiler};

#[test]
fn the_macro_sets_the_options_that_jemalloc_starts_with() {
    alone(
        "options::the_macro_sets_the_options_that_jemalloc_starts_with",
        "",
        || {
            assert_eq!(
                profiler(),
                ProfilerState::Active {
                    sample_interval: 1 << 18
                }
            );
        },
    );
}

#[test]
fn the_environment_overrides_single_options() {
    alone(
        "options::the_environment_overrides_single_options",
        "lg_prof_sample:12",
        || {
            assert_eq!(
                profiler(),
                ProfilerState::Active {
                    sample_interval: 1 << 12
                }
            );
        },
    );
}

#[test]
fn a_process_without_the_profiler_says_so_and_how_to_get_it() {
    alone(
        "options::a_process_without_the_profiler_says_so_and_how_to_get_it",
        "prof:false",
        || {
            let state = profiler();
            assert_eq!(
                state,
                ProfilerState::Absent {
                    missing: Missing::Option
                }
            );
            assert_eq!(
                state.to_string(),
                "there is no heap profiler: jemalloc was started without it (prof:false)"
            );
            assert!(state.hint().is_some_and(|hint| hint.contains("prof:true")));
            assert!(matches!(dump(), Err(Error::NotProfiling(_))));
            assert!(heap_recorder::memory().is_ok(), "figures need no profiler");
        },
    );
}

#[test]
fn a_profiler_that_is_switched_off_is_told_from_one_that_is_missing() {
    let test = "options::a_profiler_that_is_switched_off_is_told_from_one_that_is_missing";
    alone(test, "prof_active:false", || {
        let state = profiler();
        assert_eq!(
            state,
            ProfilerState::Inactive {
                sample_interval: 1 << 18
            }
        );
        assert!(state.hint().is_some_and(|hint| hint.contains("prof_active:true")));
        let error = dump().expect_err("nothing is recorded");
        assert_eq!(
            error.to_string(),
            "no heap dump: the heap profiler is switched off (prof_active:false)"
        );
    });
}
