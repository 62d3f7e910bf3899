//! The load that a problem's manifest describes, where the user does not say otherwise.

use problems::{LoadRecipe, Problem};

use super::{Operation, Shape};

/// What the clients do: what was typed, else what the problem says, else requests.
pub(crate) fn shape(typed: Option<Shape>, recipe: Option<&LoadRecipe>) -> Shape {
    typed
        .or(recipe.map(|recipe| recipe.shape.into()))
        .unwrap_or_default()
}

/// What is POSTed meanwhile: what was typed, else what the problem says for that shape.
pub(crate) fn trigger(
    typed: Option<Operation>,
    shape: Shape,
    recipe: Option<&LoadRecipe>,
) -> Option<Operation> {
    // Other shapes have no use for one, and refuse it.
    let recipe = recipe.filter(|_| shape == Shape::Stalled);
    let described = recipe.and_then(|recipe| recipe.trigger.as_ref());
    let described = described.map(|call| Operation {
        document: call.document.clone(),
        variables: Some(call.variables.clone()),
    });
    typed.or(described)
}

/// The problem's own operation.
pub(crate) fn operation(problem: &Problem) -> Operation {
    Operation {
        document: problem.operation.to_owned(),
        variables: Some(problem.variables.clone()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn recipe(shape: &str) -> LoadRecipe {
        let recipe = json!({
            "shape": shape, "connections": 1, "pipelining": 1, "per": "request",
            "trigger": { "document": "mutation { described }" },
        });
        serde_json::from_value(recipe).expect("a recipe")
    }

    fn document(trigger: Option<Operation>) -> Option<String> {
        trigger.map(|operation| operation.document)
    }

    #[test]
    fn a_problem_says_what_its_clients_do_and_what_was_typed_wins() {
        let recipe = recipe("hang-ups");
        assert_eq!(shape(None, Some(&recipe)), Shape::HangUps);
        assert_eq!(shape(Some(Shape::Requests), Some(&recipe)), Shape::Requests);
        assert_eq!(shape(None, None), Shape::Requests);
    }

    #[test]
    fn a_trigger_that_was_typed_wins_and_the_problems_goes_with_stalled_clients_alone() {
        let recipe = recipe("stalled");
        let typed = || {
            Some(Operation {
                document: "mutation { typed }".to_owned(),
                variables: None,
            })
        };
        let sent = |typed, shape| document(trigger(typed, shape, Some(&recipe)));
        assert_eq!(
            sent(None, Shape::Stalled).as_deref(),
            Some("mutation { described }")
        );
        assert_eq!(
            sent(typed(), Shape::Stalled).as_deref(),
            Some("mutation { typed }")
        );
        assert_eq!(sent(None, Shape::HangUps), None);
        assert_eq!(document(trigger(None, Shape::Stalled, None)), None);
    }
}
