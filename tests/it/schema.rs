//! The contracts in `schema/` are what the program serves.

use async_graphql::SDLExportOptions;
use leaklab::server::admin;
use problems::shop::{Bookshop, Location};
use problems::{Lab, LabSchema, MemoryGuard};

const RENEW: &str = "RENEW_SCHEMA=1 cargo test --release --test it schema::";

fn check(name: &str, sdl: &str) {
    let path = crate::harness::root().join("schema").join(name);
    if std::env::var_os("RENEW_SCHEMA").is_some() {
        std::fs::write(&path, sdl).expect("the schema can be written");
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        golden == sdl,
        "schema/{name} is not what is served; if that is meant, renew it: {RENEW}\n\n{sdl}"
    );
}

fn options() -> SDLExportOptions {
    SDLExportOptions::new()
        .sorted_fields()
        .sorted_arguments()
        .sorted_enum_items()
}

#[test]
fn the_public_schema_is_the_one_in_the_repository() {
    let bookshop = Bookshop::open(Location::Memory).expect("a bookshop");
    let lab = Lab::new(bookshop, MemoryGuard::new(u64::MAX));
    check("api.graphql", &LabSchema::new(&lab).sdl(options()));
}

#[test]
fn the_admin_schema_is_the_one_in_the_repository() {
    check(
        "admin.graphql",
        &admin::schema().finish().sdl_with_options(options()),
    );
}

#[test]
fn the_schema_of_a_comparison_in_json_is_the_one_in_the_repository() {
    check(
        "compare.schema.json",
        &(heap_profile::ComparisonReport::json_schema() + "\n"),
    );
}
