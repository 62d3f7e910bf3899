//! Hunts that are broken off: what they leave, and what they do not.

use super::{Hunt, lab_of, told};
use crate::harness::{Lab, is_running, leaklab, signal, wait_until};

#[test]
fn a_service_that_dies_in_the_middle_leaves_its_evidence() {
    let lab = Lab::start(&[]);
    let mut hunt = Hunt::at(&lab, &["00"]);
    let child = hunt.start();
    hunt.wait_for_phases(2);
    lab.signal("KILL");
    let (code, stdout, stderr) = told(child.wait_with_output().expect("it ends"));
    assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
    assert!(stderr.contains("error: the hunt stopped in rung"), "{stderr}");
    assert!(
        stderr.contains("snapshots are left: leaklab compare "),
        "{stderr}"
    );
    let phases = hunt.phases();
    for phase in &phases {
        let name = phase["snapshot"].as_str().expect("a name");
        assert!(hunt.file(&format!("{name}.pb.gz")).is_file(), "{name}");
    }
    let first = phases[0]["snapshot"].as_str().expect("a name");
    let last = phases[phases.len() - 1]["snapshot"].as_str().expect("a name");
    let compared = leaklab()
        .arg("compare")
        .args([first, last].map(|name| hunt.file(&format!("{name}.pb.gz"))))
        .output()
        .expect("leaklab runs");
    let (code, table, stderr) = told(compared);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(table.contains("growth"), "{table}");
}

#[test]
fn an_interrupt_ends_hunt_and_lab_and_leaves_the_evidence() {
    let mut hunt = Hunt::new(&["00"]);
    let child = hunt.start();
    hunt.wait_for_phases(1);
    signal(child.id(), "INT");
    let (code, stdout, stderr) = told(child.wait_with_output().expect("it ends"));
    assert_eq!((code, stdout.as_str()), (Some(130), ""), "{stderr}");
    assert!(stderr.contains(": interrupted"), "{stderr}");
    assert!(!is_running(lab_of(&stderr)), "{stderr}");
    assert!(hunt.file("01-warm-up.pb.gz").exists());
}

#[test]
fn a_hunt_that_is_killed_takes_its_lab_with_it() {
    let mut hunt = Hunt::new(&["00"]);
    let mut child = hunt.start();
    hunt.wait_for_phases(1);
    child.kill().expect("it runs");
    let (_, _, stderr) = told(child.wait_with_output().expect("it ended"));
    let lab = lab_of(&stderr);
    wait_until("the end of the lab", || !is_running(lab));
}
