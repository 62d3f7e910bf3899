//! Ids, and the operations that go with them.

use async_graphql::parser::parse_query;
use problems::{FindError, Lab, Pace};
use serde_json::{Value, json};

use crate::support::{data, lab, run};

const IDS: [&str; 23] = [
    "00hello",
    "01jokes",
    "02search",
    "03lookup",
    "04orders",
    "05stories",
    "06books",
    "07recommendations",
    "08covers",
    "09login",
    "10imports",
    "11reviews",
    "12mail",
    "13feed",
    "14quotes",
    "15prices",
    "16series",
    "17bestsellers",
    "18regions",
    "19basket",
    "20audit",
    "21shelves",
    "22wishlist",
];

fn found<'a>(lab: &'a Lab, given: &str) -> &'a str {
    &lab.find(given).unwrap_or_else(|error| panic!("{error}")).id
}

#[tokio::test]
async fn a_problem_is_found_by_a_unique_beginning_of_its_id_or_name() {
    let lab = lab();
    for (given, id) in [
        ("00hello", "00hello"),
        ("hello", "00hello"),
        ("00", "00hello"),
        ("00h", "00hello"),
        ("h", "00hello"),
        ("01", "01jokes"),
        ("02se", "02search"),
        ("sea", "02search"),
        ("st", "05stories"),
        ("rec", "07recommendations"),
        ("07recommendations", "07recommendations"),
        ("f", "13feed"),
        ("q", "14quotes"),
        ("15", "15prices"),
        ("ser", "16series"),
        ("c", "08covers"),
        ("logi", "09login"),
        ("im", "10imports"),
        ("rev", "11reviews"),
        ("m", "12mail"),
        ("17", "17bestsellers"),
        ("be", "17bestsellers"),
        ("reg", "18regions"),
        ("ba", "19basket"),
        ("sh", "21shelves"),
        ("w", "22wishlist"),
    ] {
        assert_eq!(found(&lab, given), id, "{given}");
    }
}

#[tokio::test]
async fn what_begins_several_ids_or_names_is_ambiguous() {
    let lab = lab();
    let candidates = |given: &str| match lab.find(given) {
        Err(FindError::Ambiguous { candidates, .. }) => candidates,
        other => panic!("{given}: {other:?}"),
    };
    assert_eq!(candidates("0"), IDS[..10]);
    assert_eq!(candidates("1"), IDS[10..20]);
    assert_eq!(candidates("2"), IDS[20..]);
    assert_eq!(candidates(""), IDS);
    assert_eq!(
        candidates("s"),
        ["02search", "05stories", "16series", "21shelves"]
    );
    assert_eq!(candidates("lo"), ["03lookup", "09login"]);
    assert_eq!(candidates("re"), ["07recommendations", "11reviews", "18regions"]);
}

#[tokio::test]
async fn what_begins_none_is_unknown_and_leading_zeros_matter() {
    let lab = lab();
    for given in [
        "3",
        "7",
        "99",
        "000hello",
        "hellos",
        "Hello",
        " 01",
        "ello",
        "../00hello",
    ] {
        match lab.find(given) {
            Err(FindError::Unknown { given: told, ids }) => {
                assert_eq!((&*told, &*ids), (given, &IDS.map(String::from)[..]))
            }
            other => panic!("{given}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn the_api_lists_the_problems() {
    let listed = data(&lab(), "{ problems { id title } }").await;
    let ids: Vec<&str> = listed["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| problem["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, IDS);
    assert_eq!(listed["problems"][0]["title"], "The warm welcome");
}

/// The value with its leaves named by their types, and lists by their first element.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), shape(value)))
            .collect(),
        Value::Array(values) => {
            let shapes: Vec<Value> = values.iter().map(shape).collect();
            assert!(
                shapes.windows(2).all(|pair| pair[0] == pair[1]),
                "a list of one kind: {value}"
            );
            json!([shapes.first()])
        }
        Value::String(_) => json!("string"),
        Value::Number(_) => json!("number"),
        other => other.clone(),
    }
}

#[tokio::test]
async fn each_operation_answers_in_the_shape_that_its_problem_promises() {
    let lab = lab();
    for problem in lab.problems() {
        let response = run(&lab, problem).await;
        assert_eq!(response.errors, [], "{}", problem.id);
        let answer = response.data.into_json().unwrap();
        assert_eq!(
            shape(&answer),
            shape(&problem.response),
            "{}: {answer}",
            problem.id
        );
        assert_eq!(problem.calls(), 1, "{}", problem.id);
    }
}

#[tokio::test]
async fn each_manifest_fits_its_operation() {
    for problem in lab().problems() {
        assert_eq!(problem.operation_file, format!("{}.graphql", problem.id));
        assert!(problem.story.len() > 100, "{}", problem.id);
        assert!(problem.load.connections > 0 && problem.load.pipelining > 0);
        assert_eq!(
            problem.load.per == Pace::Time,
            problem.number == 1,
            "{}",
            problem.id
        );

        let document = parse_query(problem.operation).unwrap();
        let (_, operation) = document.operations.iter().next().unwrap();
        let mut declared: Vec<String> = operation
            .node
            .variable_definitions
            .iter()
            .map(|it| it.node.name.node.to_string())
            .collect();
        declared.sort();
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&problem.variables), declared, "{}", problem.id);
        assert_eq!(keys(&problem.example), declared, "{}", problem.id);

        if let Some(others) = &problem.requires.others {
            assert_eq!(keys(others), declared, "{}", problem.id);
        }
        let varies = &problem.requires.varies;
        assert!(
            problem
                .requires
                .renews
                .iter()
                .all(|renewed| varies.contains(renewed)),
            "{}",
            problem.id
        );
    }
}
