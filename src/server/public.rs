//! The public door: the bookshop's GraphQL API, the problems by address, a greeting.

use std::collections::HashMap;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use async_graphql::{Executor, Request, SDLExportOptions, Variables};
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_TYPE, UPGRADE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use heap_admin::door::{self, Door, Limited};
use heap_admin::{FieldLabels, Recorded, Recorder};
use maud::{DOCTYPE, html};
use problems::{FindError, Lab, LabSchema, Problem};
use serde_json::{Value, json};

use super::Shutdown;
use crate::variables::{Template, TemplateError};

const DEFAULT_QUERY: &str = "\
# The bookshop greets you
query Hello {
  hello(name: \"reader\")
}
";

/// Where the doors are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Addresses {
    pub(super) public: SocketAddr,
    pub(super) admin: SocketAddr,
}

/// The API that is served at the public door, over the shop and the problems of a lab.
pub trait PublicSchema: Executor {
    /// The schema. With `field_labels` each field labels what it allocates, at the engine's slower pace.
    fn new(lab: &Lab, field_labels: bool) -> Self;

    /// The same in the schema definition language.
    fn sdl(&self) -> String;

    /// Lets its caches finish their pending maintenance; those of the lab's own fields are the lab's affair.
    fn quiesce(&self) {}
}

impl PublicSchema for LabSchema {
    fn new(lab: &Lab, field_labels: bool) -> Self {
        if field_labels {
            Self::with_extension(lab, FieldLabels::default())
        } else {
            Self::new(lab)
        }
    }

    fn sdl(&self) -> String {
        self.sdl(SDLExportOptions::new())
    }
}

#[derive(Clone)]
struct App<S> {
    schema: Limited<Recorded<S>>,
    lab: Lab,
    addresses: Addresses,
    /// The variables of each problem, by its id.
    templates: Arc<HashMap<String, Template>>,
}

/// Serves the public door until shutdown.
///
/// # Errors
/// Where a problem's variables are no template, or the door fails while it serves.
pub(super) async fn serve(
    listener: TcpListener,
    addresses: Addresses,
    lab: Lab,
    schema: impl PublicSchema,
    recorder: Recorder,
    shutdown: Shutdown,
) -> anyhow::Result<()> {
    let router = router(addresses, lab, schema)?;
    super::serve(listener, router, move || recorder.count_connection(), shutdown).await
}

fn router<S: PublicSchema>(addresses: Addresses, lab: Lab, schema: S) -> anyhow::Result<Router> {
    let schema = Recorded::new(schema);
    let templates = lab
        .problems()
        .iter()
        .map(|problem| Ok((problem.id.clone(), Template::parse(&problem.variables)?)));
    let app = App {
        schema: Limited::new(schema.clone()),
        templates: Arc::new(templates.collect::<Result<_, TemplateError>>()?),
        lab,
        addresses,
    };
    let settings = Door {
        default_query: DEFAULT_QUERY.to_owned(),
        ..Door::new("leaklab", super::hosts(addresses.public))
    };
    let routes = Router::new()
        .route("/", get(greet::<S>))
        .route(
            "/problem/{id}",
            get(run_problem::<S>)
                .post(post_problem::<S>)
                .head(head_problem::<S>),
        )
        .with_state(app)
        .merge(door::graphql_routes(schema, &settings));
    Ok(door::guard(routes, &settings))
}

/// The same by POST. A body has to be JSON, as on `/graphql`: any other a foreign page can send.
async fn post_problem<S: PublicSchema>(app: State<App<S>>, id: Path<String>, headers: HeaderMap) -> Response {
    let kind = headers
        .get(CONTENT_TYPE)
        .map(|kind| kind.to_str().unwrap_or_default());
    if kind.is_some_and(|kind| !door::is_json(kind)) {
        let error = "a POST has no body, or one of application/json";
        return (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Json(json!({ "error": error })),
        )
            .into_response();
    }
    run_problem(app, id).await
}

/// HEAD runs nothing.
async fn head_problem<S: PublicSchema>(State(app): State<App<S>>, Path(id): Path<String>) -> Response {
    app.lab
        .find(&id)
        .map_or_else(|error| find_error(&error), |_| StatusCode::OK.into_response())
}

/// A subscription has no one answer: says where its events come.
fn followed_elsewhere(problem: &Problem) -> Response {
    let body = json!({
        "error": format!("`{}` is a subscription, which a single request cannot follow", problem.id),
        "hint": format!("follow it at /graphql/ws, or run `leaklab load {}`", problem.id),
        "operation": problem.operation,
    });
    let upgrade = [(UPGRADE, "websocket")];
    (StatusCode::UPGRADE_REQUIRED, upgrade, Json(body)).into_response()
}

/// Runs a problem's operation with fresh variables. The answer is the GraphQL response.
async fn run_problem<S: PublicSchema>(State(app): State<App<S>>, Path(id): Path<String>) -> Response {
    let problem = match app.lab.find(&id) {
        Ok(problem) => problem,
        Err(error) => return find_error(&error),
    };
    if problem.is_subscription {
        return followed_elsewhere(problem);
    }
    let template = app.templates.get(&problem.id);
    let variables = template.map(Template::expand).unwrap_or_default();
    let request = Request::new(problem.operation).variables(Variables::from_json(variables));
    Json(app.schema.execute(request).await).into_response()
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
async fn greet<S: PublicSchema>(State(app): State<App<S>>) -> Response {
    match app.lab.bookshop().random_user_name().await {
        Ok(name) => Html(welcome(&name, &app).into_string()).into_response(),
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

fn welcome<S>(name: &str, app: &App<S>) -> maud::Markup {
    let admin = format!("http://{}/graphql", app.addresses.admin);
    html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { "leaklab" } }
            body {
                h1 { "Hello, " (name) }
                p { "This bookshop leaks memory on purpose. Where to go next:" }
                ul {
                    li { a href="/graphql" { "GraphiQL" } ", to ask the bookshop" }
                    li { "the " a href=(admin) { "admin door" } ": memory figures and snapshots" }
                    li { "a problem by its address, such as " code { "/problem/00hello" } }
                }
                ol start="0" {
                    @for problem in app.lab.problems() {
                        li { a href={ "/problem/" (problem.id) } { (problem.id) } " " (problem.title) }
                    }
                }
            }
        }
    }
}
