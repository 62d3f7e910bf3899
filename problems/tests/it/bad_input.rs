//! What callers get wrong.

use serde_json::{Value, json};

use crate::support::{ask, data, error, lab};

#[tokio::test]
async fn a_page_has_between_one_and_a_hundred_rows() {
    let lab = lab();
    for field in [
        "books(first: N) { id }",
        "reviews(bookId: 1, first: N) { id }",
        "orders(userId: 1, first: N) { id }",
        r#"searchBooks(query: "river", first: N) { query }"#,
        "recommendations(user: 1, first: N) { title }",
    ] {
        for first in ["-1", "0", "101", "99999999999"] {
            let (code, message) = error(&lab, &format!("{{ {} }}", field.replace('N', first))).await;
            assert_eq!(code, "BAD_USER_INPUT", "{field}");
            assert_eq!(message, format!("`first` must be between 1 and 100, got {first}"));
        }
        data(&lab, &format!("{{ {} }}", field.replace('N', "100"))).await;
    }
}

#[tokio::test]
async fn other_arguments_have_bounds_too() {
    let lab = lab();
    let long = "x".repeat(101);
    for document in [
        "{ books(offset: -1) { id } }".to_owned(),
        "{ books(offset: 1000001) { id } }".to_owned(),
        format!(r#"{{ hello(name: "{long}") }}"#),
        r#"{ hello(name: "  ") }"#.to_owned(),
        format!(r#"{{ searchBooks(query: "{long}") {{ query }} }}"#),
        r#"{ searchBooks(query: "") { query } }"#.to_owned(),
        "{ cover(book: 1, width: 0) { bytes } }".to_owned(),
        "{ cover(book: 1, width: 513) { bytes } }".to_owned(),
        "mutation { importCatalog(publisher: 501, issue: 1) { titles } }".to_owned(),
        "mutation { importCatalog(publisher: 1, issue: 0) { titles } }".to_owned(),
        r#"mutation { addReview(review: {bookId: 1, userId: 1, stars: 6, text: "x"}) { id } }"#.to_owned(),
        r#"mutation { addReview(review: {bookId: 1, userId: 1, stars: 5, text: ""}) { id } }"#.to_owned(),
    ] {
        assert_eq!(error(&lab, &document).await.0, "BAD_USER_INPUT", "{document}");
    }
}

#[tokio::test]
async fn what_does_not_exist_is_null_and_a_list_about_it_is_an_error() {
    let lab = lab();
    for id in [0, -1, 999_999, i64::MAX] {
        let document = format!(
            "{{ book(id: {id}) {{ id }} author(id: {id}) {{ id }} order(id: {id}) {{ id }} user(id: {id}) {{ id }}
                orderStatus(id: {id}) {{ id }} userStory(userId: {id}) {{ name }} reviews(bookId: {id}) {{ id }}
                cover(book: {id}) {{ bytes }} receipt(order: {id}) {{ sentTo }} reviewStats(book: {id}, visitor: 1) {{ reviews stars }} }}"
        );
        let expected = json!({
            "book": null, "author": null, "order": null, "user": null,
            "orderStatus": null, "userStory": null, "reviews": [],
            "cover": null, "receipt": null, "reviewStats": { "reviews": 0, "stars": 0.0 }
        });
        assert_eq!(data(&lab, &document).await, expected);
        for (document, what) in [
            ("{ recommendations(user: N) { title } }", "user"),
            ("mutation { login(user: N) { token } }", "user"),
            ("mutation { sendReceipt(order: N) { sentTo } }", "order"),
        ] {
            let (code, message) = error(&lab, &document.replace('N', &id.to_string())).await;
            assert_eq!(
                (code, message),
                ("NOT_FOUND".to_owned(), format!("no {what} has the id {id}"))
            );
        }
    }
}

#[tokio::test]
async fn a_number_that_is_none_is_refused_before_anything_runs() {
    let lab = lab();
    for id in ["1.5", r#""one""#, "99999999999999999999"] {
        let response = ask(&lab, &format!("{{ user(id: {id}) {{ id }} }}"), &Value::Null).await;
        assert_eq!(response.errors.len(), 1, "{id}");
    }
    assert_eq!(lab.bookshop().db().jobs_done(), 0);
}
