//! Fields, read from the frames of their resolvers, as async-graphql 7.2.1 names these.

use std::sync::Arc;

use heap_profile::{FIELD, Fields, Frame, INSTRUMENT, OPERATION, Schema, Symbolized};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::{LOADER, OWN, bytes_only, frame, text_label};

const SDL: &str = "
    type Query { book(id: Int!): Book books: [Book!]! user: UserProfile hello: String! title: String! }
    type Mutation { addReview: Review! }
    type Subscription { reviewAdded: Review! bookAdded: Book! }
    type Book { title: String! author: String! }
    type Review { text: String! stars: Int! }
    type UserProfile { card: String! city: String! }
    type Only { one: Int! }";

const LEAF: &str = "<alloc::vec::Vec<u8>>::with_capacity";
const QUERY_ROOT: &str = "<async_graphql::types::query_root::QueryRoot<shop::Query> as async_graphql::resolver_utils::container::ContainerType>::resolve_field::{closure#0}";
const EXECUTOR: &str = "<async_graphql::schema::Schema<shop::Query, shop::Mutation, shop::Subscription>>::execute_once::{closure#0}";
const LEGACY_EXECUTOR: &str =
    "async_graphql::schema::Schema<Query,Mutation,Subscription>::execute_once::{{closure}}";
const LEGACY_MERGED: &str = "<async_graphql::types::merged_object::MergedObject<A,B> as async_graphql::resolver_utils::container::ContainerType>::resolve_field::{{closure}}";

fn asked(of: &str) -> String {
    format!("<{of} as async_graphql::resolver_utils::container::ContainerType>::resolve_field::{{closure#0}}")
}

fn merged(parts: &str) -> String {
    asked(&format!(
        "async_graphql::types::merged_object::MergedObject<{parts}>"
    ))
}

/// A stack by names, the leaf first.
fn stack(functions: &[&str]) -> Vec<Arc<Frame>> {
    functions.iter().map(|function| frame(function, OWN, 7)).collect()
}

/// The fields of several stacks of one snapshot.
fn fields_of(stacks: &[&[&str]]) -> Vec<Option<String>> {
    let stacks: Vec<_> = stacks.iter().map(|each| stack(each)).collect();
    let samples: Vec<_> = stacks.iter().map(|stack| (&stack[..], 1)).collect();
    fields(&bytes_only(&samples))
}

fn fields(snapshot: &Symbolized) -> Vec<Option<String>> {
    let schema = Schema::parse(SDL).expect("it is well-formed");
    let fields = Fields::of(snapshot, &schema);
    snapshot
        .samples
        .iter()
        .map(|sample| fields.field(sample))
        .collect()
}

fn field_of(functions: &[&str]) -> Option<String> {
    fields_of(&[functions]).remove(0)
}

#[test]
fn the_innermost_resolver_names_the_field_in_either_mangling() {
    let v0 = [
        LEAF,
        "<shop::Book>::author::{closure#0}",
        "<shop::Book>::__author_resolver::{closure#0}",
        &asked("shop::Book"),
        "<shop::Query>::__books_resolver::{closure#0}",
        &asked("shop::Query"),
        QUERY_ROOT,
        EXECUTOR,
    ];
    assert_eq!(field_of(&v0).as_deref(), Some("Book.author"));
    assert_eq!(field_of(&v0[4..]).as_deref(), Some("Query.books"));
    let legacy = [
        "alloc::vec::Vec<T,A>::push",
        "shop::Mutation::add_review::{{closure}}",
        "shop::_::<impl shop::Mutation>::__add_review_resolver::{{closure}}::{{closure}}",
        "shop::_::<impl async_graphql::resolver_utils::container::ContainerType for shop::Mutation>::resolve_field::{{closure}}",
        LEGACY_EXECUTOR,
    ];
    assert_eq!(field_of(&legacy).as_deref(), Some("Mutation.addReview"));
}

#[test]
fn a_helper_that_a_resolver_calls_is_part_of_the_resolver_whatever_its_name() {
    let calls_another = [
        LEAF,
        "<shop::Query>::book::{closure#0}",
        "<shop::Query>::hello::{closure#0}",
        "<shop::Query>::__hello_resolver::{closure#0}",
        EXECUTOR,
    ];
    assert_eq!(field_of(&calls_another).as_deref(), Some("Query.hello"));
}

#[test]
fn methods_of_complex_and_simple_objects_and_of_subscriptions_need_no_resolver_frame() {
    let complex = "<shop::Book as async_graphql::base::ComplexObject>::resolve_field::{closure#0}";
    let author = [LEAF, "<shop::Book>::author::{closure#0}", complex, EXECUTOR];
    assert_eq!(field_of(&author).as_deref(), Some("Book.author"));
    let title = [
        LEAF,
        "shop::Book::title::{{closure}}",
        &asked("shop::Book"),
        EXECUTOR,
    ];
    assert_eq!(field_of(&title).as_deref(), Some("Book.title"));
    let stream = "<shop::Subscription as async_graphql::subscription::SubscriptionType>::create_field_stream::{closure#0}::{closure#0}";
    let added = [LEAF, "<shop::Subscription>::review_added::{closure#0}", stream];
    assert_eq!(field_of(&added).as_deref(), Some("Subscription.reviewAdded"));
    let only = [
        LEAF,
        &asked("shop::Only"),
        "<shop::Query>::__hello_resolver::{closure#0}",
    ];
    assert_eq!(field_of(&only).as_deref(), Some("Only.one"));
}

#[test]
fn a_part_of_a_merged_root_counts_as_the_root() {
    let v0 = [
        LEAF,
        "<shop::HelloQuery>::__hello_resolver::{closure#0}",
        &asked("&shop::HelloQuery"),
        &merged("&shop::HelloQuery, async_graphql::types::merged_object::MergedObjectTail"),
        &asked("shop::Query"),
        QUERY_ROOT,
        EXECUTOR,
    ];
    assert_eq!(field_of(&v0).as_deref(), Some("Query.hello"));
    let legacy = [
        "shop::_::<impl shop::HelloQuery>::__hello_resolver::{{closure}}",
        "shop::_::<impl async_graphql::resolver_utils::container::ContainerType for shop::HelloQuery>::resolve_field::{{closure}}",
        LEGACY_MERGED,
        LEGACY_MERGED,
        "shop::_::<impl async_graphql::resolver_utils::container::ContainerType for shop::Query>::resolve_field::{{closure}}",
        LEGACY_EXECUTOR,
    ];
    assert_eq!(field_of(&legacy).as_deref(), Some("Query.hello"));
    assert_eq!(
        field_of(&legacy[..5]),
        None,
        "it could be part of any merged object"
    );
}

#[test]
fn a_closure_on_another_thread_counts_for_the_method_that_it_is_written_in() {
    let on_thread = [
        LEAF,
        "<shop::LookupQuery>::user::{closure#0}::{closure#0}",
        "std::thread::run",
    ];
    assert_eq!(
        field_of(&on_thread),
        None,
        "nothing says that the type has resolvers"
    );
    let parts = "&shop::HelloQuery, async_graphql::types::merged_object::MergedObject<&shop::LookupQuery, async_graphql::types::merged_object::MergedObjectTail>";
    let elsewhere = [LEAF, &merged(parts), &asked("shop::Query"), QUERY_ROOT, EXECUTOR];
    let told = fields_of(&[&on_thread, &elsewhere]);
    assert_eq!(told, [Some("Query.user".to_owned()), None]);
}

#[test]
fn a_renamed_type_stays_unattributed_even_where_an_outer_field_or_a_root_would_fit() {
    let card = [
        LEAF,
        "<shop::Profile>::card::{closure#0}",
        "<shop::Profile>::__card_resolver::{closure#0}",
        &asked("shop::Profile"),
        "<shop::Query>::__user_resolver::{closure#0}",
        &asked("shop::Query"),
        QUERY_ROOT,
        EXECUTOR,
    ];
    assert_eq!(field_of(&card), None);
    // The root has a field of this name; what runs is one of the renamed type's.
    let title = card.map(|frame| frame.replace("card", "title"));
    let title: Vec<&str> = title.iter().map(String::as_str).collect();
    assert_eq!(field_of(&title), None);
    let value = [
        LEAF,
        &asked("shop::Book"),
        "<shop::Query>::__books_resolver::{closure#0}",
        EXECUTOR,
    ];
    assert_eq!(
        field_of(&value),
        None,
        "some field of the book, and nothing says which"
    );
}

#[test]
fn of_two_types_with_one_name_neither_is_taken_for_the_schemas() {
    let shop = [LEAF, "<shop::Book>::__title_resolver::{closure#0}", EXECUTOR];
    let press = [LEAF, "<press::Book>::__title_resolver::{closure#0}", EXECUTOR];
    assert_eq!(fields_of(&[&shop]), [Some("Book.title".to_owned())]);
    assert_eq!(fields_of(&[&shop, &press]), [None, None]);
}

#[test]
fn without_line_tables_nothing_is_told_because_inlined_frames_are_missing() {
    let named = ["<shop::Query>::__hello_resolver::{closure#0}", EXECUTOR];
    assert_eq!(field_of(&named).as_deref(), Some("Query.hello"));
    let symbols: Vec<_> = named.map(|name| Arc::new(Frame::unknown(name))).to_vec();
    assert_eq!(fields(&bytes_only(&[(&symbols, 1)])), [None]);
}

#[test]
fn introspection_and_what_is_outside_of_a_task_are_no_fields() {
    let introspection = [
        LEAF,
        "<async_graphql::model::schema::__Schema>::__hello_resolver::{closure#0}",
        &asked("async_graphql::model::schema::__Schema"),
        QUERY_ROOT,
        EXECUTOR,
    ];
    assert_eq!(field_of(&introspection), None);
    let loader = [
        LEAF,
        "<engine::Loader>::load",
        "tokio::runtime::task::raw::poll::<X>",
        "<shop::Query>::__hello_resolver::{closure#0}",
        EXECUTOR,
    ];
    assert_eq!(field_of(&loader), None);
}

#[test]
fn a_label_is_exact_and_the_instrument_has_no_fields() {
    let resolver = stack(&[LEAF, "<shop::Query>::__hello_resolver::{closure#0}", EXECUTOR]);
    let mut snapshot = bytes_only(&[(&resolver, 1), (&resolver, 1), (&resolver, 1)]);
    snapshot.samples[0].labels = vec![text_label(FIELD, "Author.bio")];
    snapshot.samples[1].labels = vec![text_label(FIELD, "(other)")];
    snapshot.samples[2].labels = vec![text_label(OPERATION, INSTRUMENT)];
    let expected = [Some("Author.bio"), Some("Query.hello"), None];
    assert_eq!(
        fields(&snapshot).iter().map(Option::as_deref).collect::<Vec<_>>(),
        expected
    );
}

proptest! {
    #[test]
    fn no_name_of_a_function_makes_it_panic(
        names in vec("(<|>|::|&| as | for |impl |, |\\{closure#0\\}|ContainerType|MergedObject|async_graphql|__|_resolver|resolve_field|[a-zé(){}\\[\\]]){0,14}", 0..6),
        text in any::<String>(),
    ) {
        let frames: Vec<_> = names.iter().chain([&text]).map(|name| frame(name, LOADER, 1)).collect();
        fields(&bytes_only(&[(&frames, 1), (&frames[1..], 1)]));
    }
}
