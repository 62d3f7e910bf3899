//! What a problem's operation is good for: the calls that follow it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{STATICS, ask, data, lab};

/// The variables, with JSON pointers replaced by what is there in `data`.
fn filled(variables: &Value, data: &Value) -> Value {
    let mut filled = variables.clone();
    for value in filled.as_object_mut().unwrap().values_mut() {
        if let Some(found) = value.as_str().and_then(|pointer| data.pointer(pointer)) {
            *value = found.clone();
        }
    }
    filled
}

#[tokio::test]
async fn what_follows_an_operation_is_answered_in_full_soon_after_it() {
    let _alone = STATICS.lock().await;
    let lab = lab();
    for problem in lab.problems() {
        let response = ask(&lab, problem.operation, &problem.example).await;
        let first = response.data.into_json().unwrap();
        // Some ask for what no call has brought about. A mutation takes back what this one has.
        let then = problem.requires.then.iter();
        let then = then.take_while(|call| !call.document.starts_with("mutation"));
        for call in then.filter(|call| asks_for_it(&call.variables)) {
            let variables = filled(&call.variables, &first);
            let mut answer = Value::Null;
            for _ in 0..100 {
                let response = ask(&lab, &call.document, &variables).await;
                assert_eq!(response.errors, [], "{}", problem.id);
                answer = response.data.into_json().unwrap();
                if answer.as_object().unwrap().values().all(is_an_answer) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            assert!(
                answer.as_object().unwrap().values().all(is_an_answer),
                "{}: {answer}",
                problem.id
            );
        }
    }
}

/// Whether a call follows from the answer before: by a pointer into it, or without asking for anything.
fn asks_for_it(variables: &Value) -> bool {
    let mut values = variables
        .as_object()
        .into_iter()
        .flat_map(|fields| fields.values());
    let is_pointer = |value: &Value| value.as_str().is_some_and(|text| text.starts_with('/'));
    variables.as_object().is_none_or(|fields| fields.is_empty()) || values.any(is_pointer)
}

fn is_an_answer(value: &Value) -> bool {
    !value.is_null() && *value != json!(false) && *value != json!([])
}

#[tokio::test]
async fn a_session_is_the_one_who_logged_in_until_they_log_out() {
    let _alone = STATICS.lock().await;
    let lab = lab();
    let login = data(&lab, "mutation { login(user: 7) { token user { name } } }").await;
    let token = &login["login"]["token"];
    let session = format!("{{ session(token: {token}) {{ token user {{ name }} }} }}");
    assert_eq!(data(&lab, &session).await["session"], login["login"]);
    let logout = format!("mutation {{ logout(token: {token}) }}");
    assert_eq!(data(&lab, &logout).await, json!({ "logout": true }));
    assert_eq!(data(&lab, &session).await, json!({ "session": null }));
    assert_eq!(data(&lab, &logout).await, json!({ "logout": false }));
}

#[tokio::test]
async fn a_cover_is_drawn_once_and_is_a_bitmap() {
    let _alone = STATICS.lock().await;
    let lab = lab();
    let ask = "{ cover(book: 3, width: 50) { width height bytes picture } }";
    let before = lab.bookshop().db().jobs_done();
    let cover = data(&lab, ask).await;
    assert_eq!(data(&lab, ask).await, cover);
    assert_eq!(lab.bookshop().db().jobs_done() - before, 1);
    // Two words a row, 75 rows, and the header.
    assert_eq!(
        (&cover["cover"]["height"], &cover["cover"]["bytes"]),
        (&json!(75), &json!(662))
    );
    let picture = cover["cover"]["picture"].as_str().unwrap();
    assert!(picture.starts_with("data:image/bmp;base64,Qk"), "{picture}");
}
