//! What changes to problems are judged by is what the lab, as it is, does: the recorded answers, and the hashes of all that
//! takes part.

use leaklab::check::answers::Answers;
use leaklab::check::{PublicDoor, manifest_of};

use crate::harness::{Lab, root};

const RENEW: &str = "RENEW_SHIPPED=1 cargo test --release --test it shipped::";

#[test]
fn what_changes_are_judged_by_is_what_the_lab_does() {
    let lab = Lab::start(&[]);
    let door = PublicDoor::new(lab.public_url());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    for problem in ::problems::problems() {
        let compare = || {
            let recorded = Answers::read(root(), &problem)?;
            runtime.block_on(recorded.compare(&door, &problem))
        };
        if renew() && compare().is_err() {
            let recorded = runtime.block_on(Answers::record(root(), &door, &problem));
            recorded.unwrap_or_else(|error| panic!("{}: {error}", problem.id));
        }
        compare()
            .unwrap_or_else(|error| panic!("{}: {error}; if that is meant, renew it: {RENEW}", problem.id));
    }

    let path = root().join("problems/shipped.sha256");
    let manifest = manifest_of(root()).expect("the files can be read");
    if renew() {
        std::fs::write(&path, &manifest).expect("the manifest can be written");
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        golden == manifest,
        "problems/shipped.sha256 is not that of the files; if they are meant to be so, renew it: {RENEW}"
    );
}

fn renew() -> bool {
    std::env::var_os("RENEW_SHIPPED").is_some()
}
