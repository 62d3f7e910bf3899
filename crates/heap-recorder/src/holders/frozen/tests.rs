//! What is made of the way in which a copy has ended: no copy is made for that.

use super::*;

#[test]
fn more_parts_of_memory_than_can_be_followed_are_an_error_that_says_so() {
    // As `waitpid` has the status of a process that has ended by itself.
    let status = (End::TooManyRegions as i32) << 8;
    let told = |bytes: &[u8]| {
        let error = understand(status, Duration::ZERO, bytes).expect_err("it did not come to its end");
        assert!(error.hint().is_some_and(|hint| hint.contains("/proc/PID/maps")));
        error.to_string()
    };
    let parts = "parts of memory that can be written, and 65536 of them can be followed";
    assert_eq!(
        told(&70_000_u64.to_ne_bytes()),
        format!("the reference scan failed: the process has 70000 {parts}")
    );
    assert_eq!(
        told(&[]),
        format!("the reference scan failed: the process has too many {parts}")
    );
}

#[test]
fn a_copy_that_has_sent_all_came_to_its_end() {
    assert!(understand((End::Sent as i32) << 8, Duration::ZERO, &[]).is_ok());
}
