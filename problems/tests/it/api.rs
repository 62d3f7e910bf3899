//! The ordinary fields, and how relations are fetched.

use async_graphql::Request;
use futures_util::StreamExt;
use serde_json::json;

use crate::support::{api, data, error, lab};

#[tokio::test]
async fn the_authors_of_a_page_of_books_are_one_batch() {
    let lab = lab();
    let page = data(&lab, "{ books(first: 20) { title author { name } } }").await;
    let books = page["books"].as_array().unwrap();
    assert_eq!(books.len(), 20);
    assert!(books.iter().all(|book| book["author"]["name"].is_string()));
    assert_eq!(lab.bookshop().db().jobs_done(), 2, "the books, their authors");
}

#[tokio::test]
async fn the_books_and_users_of_reviews_are_a_batch_each() {
    let lab = lab();
    let page = data(
        &lab,
        "{ reviews(bookId: 3, first: 5) { stars book { id } user { id name } } }",
    )
    .await;
    let reviews = page["reviews"].as_array().unwrap();
    assert_eq!(reviews.len(), 5);
    assert!(
        reviews
            .iter()
            .all(|review| review["book"]["id"] == 3 && review["user"]["name"].is_string())
    );
    assert_eq!(
        lab.bookshop().db().jobs_done(),
        3,
        "the reviews, their books, their users"
    );
}

#[tokio::test]
async fn the_items_of_orders_are_a_batch_and_their_books_another() {
    let lab = lab();
    let order = data(&lab, "{ order(id: 1) { user { id } } }").await;
    let before = lab.bookshop().db().jobs_done();
    let user = &order["order"]["user"]["id"];
    let page = data(
        &lab,
        &format!("{{ orders(userId: {user}) {{ id items {{ quantity book {{ id }} }} }} }}"),
    )
    .await;
    let orders = page["orders"].as_array().unwrap();
    assert!(orders.iter().any(|order| order["id"] == 1));
    assert!(
        orders
            .iter()
            .all(|order| order["items"][0]["book"]["id"].is_number()),
        "{page}"
    );
    assert_eq!(
        lab.bookshop().db().jobs_done() - before,
        3,
        "the orders, their items, the items' books"
    );
}

#[tokio::test]
async fn a_relation_leads_to_the_row_that_it_names() {
    let lab = lab();
    let book = data(&lab, "{ book(id: 12) { title author { id name } } }").await;
    let id = &book["book"]["author"]["id"];
    let author = data(&lab, &format!("{{ author(id: {id}) {{ id name }} }}")).await;
    assert_eq!(author["author"], book["book"]["author"]);
}

#[tokio::test]
async fn a_greeting_asks_nothing_of_the_database() {
    let lab = lab();
    let greeting = data(&lab, r#"{ hello(name: "Ada") }"#).await;
    assert_eq!(greeting["hello"], "Hello, Ada, and welcome to the bookshop!");
    assert_eq!(lab.bookshop().db().jobs_done(), 0);
}

#[tokio::test]
async fn a_search_finds_what_is_in_titles_whatever_the_case_and_takes_signs_as_they_are() {
    let lab = lab();
    let found = data(
        &lab,
        r#"{ searchBooks(query: "RIVER", first: 3) { hits { book { title } } } }"#,
    )
    .await;
    let hits = found["searchBooks"]["hits"].as_array().unwrap();
    assert_eq!(hits.len(), 3);
    assert!(
        hits.iter()
            .all(|hit| hit["book"]["title"].as_str().unwrap().contains("River"))
    );
    for sign in ["%", "_", "' OR 1=1 --"] {
        let none = data(
            &lab,
            &format!(r#"{{ searchBooks(query: "{sign}") {{ hits {{ snippet }} }} }}"#),
        )
        .await;
        assert_eq!(none["searchBooks"]["hits"], json!([]), "{sign}");
    }
}

#[tokio::test]
async fn a_new_review_is_kept_and_told_to_those_who_follow_its_book() {
    let lab = lab();
    let schema = api(&lab);
    let follow = |document: &str| schema.execute_stream(lab.prepare(Request::new(document))).boxed();
    let mut this_book = follow("subscription { reviewAdded(bookId: 5) { text book { id } user { id } } }");
    let mut other_book = follow("subscription { reviewAdded(bookId: 6) { text } }");
    assert!(futures_util::poll!(this_book.next()).is_pending());
    assert!(futures_util::poll!(other_book.next()).is_pending());

    let add = r#"mutation { addReview(review: {bookId: 5, userId: 9, stars: 4, text: "Fine"}) { stars } }"#;
    assert_eq!(data(&lab, add).await, json!({ "addReview": { "stars": 4 } }));

    let event = this_book
        .next()
        .await
        .unwrap()
        .into_result()
        .unwrap()
        .data
        .into_json()
        .unwrap();
    assert_eq!(
        event,
        json!({ "reviewAdded": { "text": "Fine", "book": { "id": 5 }, "user": { "id": 9 } } })
    );
    assert!(futures_util::poll!(other_book.next()).is_pending());
    let latest = data(&lab, "{ reviews(bookId: 5, first: 1) { text user { id } } }").await;
    assert_eq!(
        latest["reviews"][0],
        json!({ "text": "Fine", "user": { "id": 9 } })
    );
}

#[tokio::test]
async fn a_review_of_no_book_or_by_nobody_is_refused() {
    let lab = lab();
    for (book, user) in [(999_999, 1), (1, 999_999)] {
        let add = format!(
            r#"mutation {{ addReview(review: {{bookId: {book}, userId: {user}, stars: 4, text: "x"}}) {{ id }} }}"#
        );
        assert_eq!(error(&lab, &add).await.0, "NOT_FOUND");
    }
}
