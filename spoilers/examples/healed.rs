//! The bookshop with every problem healed: the doors and the API of `leaklab serve`, and nothing to find.
//!
//! ```console
//! cargo run --release -p spoilers --example healed -- --addr 127.0.0.1:0 --admin-addr 127.0.0.1:0
//! ```
//!
//! For tools that look for leaks: whatever they say of it is a false alarm. `spoilers/healed.sh` counts those.

use std::collections::HashMap;
use std::error::Error;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use async_graphql::{Executor as _, Request, SDLExportOptions, Variables};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::serve::ListenerExt as _;
use axum::{Json, Router};
use bytesize::ByteSize;
use clap::Parser;
use heap_admin::door::{self, Door, Hosts};
use heap_admin::{FieldLabels, HeapAdmin, Limits, Recorded, Recorder};
use leaklab::server::{admin, handover::Labelled};
use leaklab::variables::Template;
use problems::shop::{Bookshop, Location};
use problems::{Lab, MemoryGuard};
use spoilers::HealedSchema;
use tikv_jemallocator::Jemalloc;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch::{Receiver, channel};

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

heap_admin::malloc_conf!("prof:true,prof_active:true,lg_prof_sample:16");

/// A listener, and where it got.
type Listener = (TcpListener, SocketAddr);
type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The bookshop, healed
#[derive(Parser)]
struct Args {
    /// Where the bookshop listens; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:3000")]
    addr: SocketAddr,
    /// Where the admin door listens
    #[arg(long, default_value = "127.0.0.1:3001")]
    admin_addr: SocketAddr,
    /// Mean number of allocated bytes from one sample to the next: a power of two, such as 16KiB
    #[arg(long, value_name = "SIZE")]
    sample_interval: Option<ByteSize>,
    /// Folder of the snapshots; by default a temporary one
    #[arg(long, value_name = "DIR")]
    snapshots: Option<PathBuf>,
}

#[derive(Clone)]
struct App {
    lab: Lab,
    schema: Recorded<HealedSchema>,
    /// The variables of each problem, by its id.
    templates: Arc<HashMap<String, Template>>,
}

fn main() -> Result<()> {
    // First of all, so that nothing that is allocated is missing.
    let recorder = Recorder::builder().start();
    let args = Args::parse();
    if let Some(interval) = args.sample_interval {
        recorder.set_sample_interval(interval.as_u64())?;
    }
    let temporary = tempfile::tempdir()?;
    let folder = args.snapshots.as_deref().unwrap_or(temporary.path());
    let lab = Lab::new(
        Bookshop::open_with(Location::Memory, Labelled)?,
        MemoryGuard::new(u64::MAX),
    );
    let schema = HealedSchema::with_extension(&lab, FieldLabels::default());
    let heap = heap_admin(recorder, &schema, folder)?;
    let (public, admin) = (listen(args.addr)?, listen(args.admin_addr)?);
    let (stop, stopped) = channel(());
    let admin_addr = admin.1;
    let admin = serve_admin(admin, lab.clone(), heap, stopped)?;
    let app = App {
        templates: Arc::new(templates(&lab)?),
        schema: Recorded::new(schema),
        lab,
    };
    let served = Runtime::new()?.block_on(serve_public(public, admin_addr, app, recorder));
    drop(stop);
    let ended = admin.join().expect("the admin thread does not panic");
    served.and(ended)
}

fn heap_admin(recorder: Recorder, schema: &HealedSchema, folder: &FilePath) -> Result<HeapAdmin> {
    let quiet = schema.clone();
    let heap = HeapAdmin::builder()
        .recorder(recorder)
        .schema(schema.sdl(SDLExportOptions::new()))
        .snapshots(folder, Limits::default())
        .quiesce(move || quiet.quiesce());
    Ok(heap.build()?)
}

/// Serves the public door until SIGINT or SIGTERM; says on stdout where both doors are.
async fn serve_public(door: Listener, admin: SocketAddr, app: App, recorder: Recorder) -> Result<()> {
    let (listener, addr) = door;
    let end = told_to_end()?;
    println!("public http://{addr}\nadmin http://{admin}");
    let listener = tokio::net::TcpListener::from_std(listener)?.tap_io(move |_| recorder.count_connection());
    tokio::select! {
        served = axum::serve(listener, routes(app, addr)) => Ok(served?),
        () = end => Ok(()),
    }
}

fn listen(addr: SocketAddr) -> Result<Listener> {
    let listener = TcpListener::bind(addr)?;
    listener.set_nonblocking(true)?;
    let bound = listener.local_addr()?;
    Ok((listener, bound))
}

/// Ends with SIGINT or SIGTERM, which are received from the call on.
fn told_to_end() -> Result<impl Future<Output = ()>> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// The admin door, on a thread of its own: it answers while the public one is under load.
fn serve_admin(
    (listener, addr): Listener,
    lab: Lab,
    heap: HeapAdmin,
    mut stopped: Receiver<()>,
) -> Result<JoinHandle<Result<()>>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let serving = async move {
        let schema = admin::schema().data(lab).data(heap.clone()).finish();
        let door = Door::new("healed admin", Hosts::Own(addr));
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let router = heap_admin::router(schema, heap.clone(), door);
        let served = tokio::select! {
            served = axum::serve(listener, router) => served.map_err(Into::into),
            // Its other end is dropped where the service ends.
            _ = stopped.changed() => Ok(()),
        };
        heap.finish().await;
        served
    };
    let thread = std::thread::Builder::new().name("admin".to_owned());
    Ok(thread.spawn(move || runtime.block_on(serving))?)
}

fn templates(lab: &Lab) -> Result<HashMap<String, Template>> {
    let mut templates = HashMap::new();
    for problem in lab.problems() {
        templates.insert(problem.id.clone(), Template::parse(&problem.variables)?);
    }
    Ok(templates)
}

fn routes(app: App, addr: SocketAddr) -> Router {
    let settings = Door::new("healed", Hosts::Own(addr));
    let graphql = door::graphql_routes(app.schema.clone(), &settings);
    let routes = Router::new()
        .route("/problem/{id}", get(run_problem).post(run_problem))
        .with_state(app)
        .merge(graphql);
    door::guard(routes, &settings)
}

/// Runs a problem's operation with fresh variables, as `leaklab serve` does.
async fn run_problem(State(app): State<App>, Path(id): Path<String>) -> Response {
    let problem = match app.lab.find(&id) {
        Ok(problem) => problem,
        Err(error) => {
            let error = serde_json::json!({ "error": error.to_string() });
            return (StatusCode::NOT_FOUND, Json(error)).into_response();
        }
    };
    let variables = app.templates.get(&problem.id).map(Template::expand);
    let request =
        Request::new(problem.operation).variables(Variables::from_json(variables.unwrap_or_default()));
    Json(app.schema.execute(request).await).into_response()
}
