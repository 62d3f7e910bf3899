//! The public door: the bookshop's GraphQL API, the problems by address, a greeting.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use async_graphql::{Executor as _, Request, Variables};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{MethodFilter, get, on};
use axum::{Json, Router};
use heap_admin::door::{self, Door, Hosts};
use maud::{DOCTYPE, html};
use problems::shop::Bookshop;
use problems::{FindError, Lab, LabSchema};
use serde_json::{Value, json};

use super::Shutdown;
use super::executor::{Limited, MAX_BODY, MAX_COMPLEXITY, MAX_DEPTH};
use crate::variables::Template;

const DEFAULT_QUERY: &str = "\
# The bookshop. Its problems: query { problems { id title } }
query Hello {
  hello(name: \"reader\")
}
";

#[derive(Clone)]
struct App {
    executor: Limited<LabSchema>,
    lab: Lab,
    /// One for each of the lab's problems, in their order.
    templates: Arc<[Template]>,
    bookshop: Bookshop,
}

/// Serves the public door until shutdown.
///
/// # Errors
/// Where a problem's variables are no template, or the door fails while it serves.
pub(super) async fn serve(
    listener: TcpListener,
    addr: SocketAddr,
    lab: Lab,
    bookshop: Bookshop,
    shutdown: Shutdown,
) -> anyhow::Result<()> {
    super::serve(listener, router(addr, lab, bookshop)?, shutdown).await
}

fn router(addr: SocketAddr, lab: Lab, bookshop: Bookshop) -> anyhow::Result<Router> {
    let prepare = lab.clone();
    let schema = LabSchema::new(&lab, MAX_DEPTH, MAX_COMPLEXITY);
    let executor = Limited::new(schema, move |request| prepare.prepare(request));
    let templates = lab
        .problems()
        .iter()
        .map(|problem| Template::parse(&problem.variables));
    let app = App {
        executor: executor.clone(),
        templates: templates.collect::<Result<_, _>>()?,
        lab,
        bookshop,
    };
    let hosts = if addr.ip().is_loopback() {
        Hosts::Own(addr)
    } else {
        Hosts::Any
    };
    let settings = Door {
        default_query: DEFAULT_QUERY.to_owned(),
        body_limit: MAX_BODY,
        ..Door::new("leaklab", hosts)
    };
    let routes = Router::new()
        .route("/", get(greet))
        .route(
            "/problem/{id}",
            on(MethodFilter::GET.or(MethodFilter::POST), run_problem),
        )
        .with_state(app)
        .merge(door::graphql_routes(executor, &settings));
    Ok(door::guard(routes, &settings))
}

/// Runs a problem's operation with fresh variables. The answer is the GraphQL response.
async fn run_problem(State(app): State<App>, Path(id): Path<String>) -> Response {
    let problem = match app.lab.find(&id) {
        Ok(problem) => problem,
        Err(error) => return find_error(&error),
    };
    let index = app
        .lab
        .problems()
        .iter()
        .position(|candidate| candidate.id == problem.id);
    let template = index.and_then(|index| app.templates.get(index));
    let variables = template.map(Template::expand).unwrap_or_default();
    let request = Request::new(problem.operation).variables(Variables::from_json(variables));
    Json(app.executor.execute(request).await).into_response()
}

fn find_error(error: &FindError) -> Response {
    let (status, list, ids) = match error {
        FindError::Unknown { ids, .. } => (StatusCode::NOT_FOUND, "problems", ids.clone()),
        FindError::Ambiguous { candidates, .. } => {
            (StatusCode::BAD_REQUEST, "candidates", candidates.clone())
        }
        _ => (StatusCode::BAD_REQUEST, "problems", Vec::new()),
    };
    let body: Value = json!({ "error": error.to_string(), list: ids });
    (status, Json(body)).into_response()
}

/// Greets the visitor by the name of a random user.
async fn greet(State(app): State<App>) -> Response {
    match app.bookshop.random_user_name().await {
        Ok(name) => Html(welcome(&name, &app.lab).into_string()).into_response(),
        Err(error) => {
            tracing::error!("no user could be read: {error}");
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                "the bookshop's database does not answer\n",
            )
                .into_response()
        }
    }
}

fn welcome(name: &str, lab: &Lab) -> maud::Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { "leaklab" } }
            body {
                h1 { "Hello, " (name) }
                p { "This bookshop leaks memory on purpose. Where to go next:" }
                ul {
                    li { a href="/graphql" { "GraphiQL" } ", to ask the bookshop" }
                    li { "the admin door, by default at " code { "http://127.0.0.1:3001/graphql" } ": memory figures and snapshots" }
                    li { "a problem by its address, such as " code { "/problem/00hello" } }
                }
                ol start="0" {
                    @for problem in lab.problems() {
                        li { a href={ "/problem/" (problem.id) } { (problem.id) } " " (problem.title) }
                    }
                }
            }
        }
    }
}
