//! [`HealedSchema`]: the bookshop's public schema, with the healed fields in the place of the problems'.

use std::{future::Future, pin::Pin, sync::Arc};

use async_graphql::{
    Data, Executor, MergedObject, MergedSubscription, Request, Response, SDLExportOptions, Schema,
    SchemaBuilder, extensions::ExtensionFactory, futures_util::stream::BoxStream,
};
use problems::{
    Lab,
    parts::{
        AuditQuery, BasketQuery, BestsellersQuery, BooksQuery, LabQuery, RegionsQuery, ShelvesQuery,
        WishlistQuery,
    },
    shop::{RequestData, ShopMutation, ShopQuery, ShopSubscription},
};

use crate::{
    p00_hello::HelloQuery,
    p01_jokes::JokesQuery,
    p02_search::{self, SearchQuery},
    p03_lookup::LookupQuery,
    p04_orders::OrdersQuery,
    p05_stories::{self, StoriesQuery},
    p06_books,
    p07_recommendations::{self, RecommendationsQuery},
};

/// What can be asked of the bookshop
#[derive(MergedObject)]
struct Query(
    ShopQuery,
    LabQuery,
    HelloQuery,
    JokesQuery,
    SearchQuery,
    LookupQuery,
    OrdersQuery,
    StoriesQuery,
    BooksQuery,
    RecommendationsQuery,
    BestsellersQuery,
    RegionsQuery,
    BasketQuery,
    AuditQuery,
    ShelvesQuery,
    WishlistQuery,
);

/// What can be changed in the bookshop
#[derive(MergedObject)]
struct Mutation(ShopMutation);

/// What can be followed in the bookshop
#[derive(MergedSubscription)]
struct Subscription(ShopSubscription);

/// The public schema, healed and ready to execute. Cheap to clone; all clones are one.
///
/// Calls are counted, and refused past the memory limit, as the lab does it. Its caches live in statics, as the
/// problems do: in practice, one a process.
#[derive(Clone)]
pub struct HealedSchema {
    lab: Lab,
    schema: Schema<Query, Mutation, Subscription>,
}

impl HealedSchema {
    /// The healed schema over the shop of `lab`, without limits.
    pub fn new(lab: &Lab) -> Self {
        Self {
            lab: lab.clone(),
            schema: builder(lab).finish(),
        }
    }

    /// The same with an extension, which costs the engine's fast path.
    pub fn with_extension(lab: &Lab, extension: impl ExtensionFactory) -> Self {
        Self {
            lab: lab.clone(),
            schema: builder(lab).extension(extension).finish(),
        }
    }

    /// The schema in the schema definition language.
    pub fn sdl(&self, options: SDLExportOptions) -> String {
        self.schema.sdl_with_options(options)
    }

    /// Lets caches finish their pending maintenance, so that the figures read next mean something.
    pub fn quiesce(&self) {
        self.lab.quiesce();
        p02_search::settle();
        p05_stories::settle();
        p07_recommendations::settle();
    }

    fn prepare(&self, request: Request) -> Request {
        request.data(RequestData::new(self.lab.bookshop().db(), p06_books::loader))
    }

    // Here and not in `execute`: so that the engine is compiled in this crate, and not again by who calls it.
    #[inline(never)]
    fn run(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        let schema = self.schema.clone();
        let request = self.prepare(request);
        Box::pin(async move { schema.execute(request).await })
    }

    #[inline(never)]
    fn stream(&self, request: Request, data: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        Executor::execute_stream(&self.schema, self.prepare(request), data)
    }
}

fn builder(lab: &Lab) -> SchemaBuilder<Query, Mutation, Subscription> {
    let query = Query(
        ShopQuery,
        LabQuery,
        HelloQuery::default(),
        JokesQuery::default(),
        SearchQuery,
        LookupQuery,
        OrdersQuery,
        StoriesQuery,
        BooksQuery,
        RecommendationsQuery,
        BestsellersQuery,
        RegionsQuery,
        BasketQuery,
        AuditQuery,
        ShelvesQuery,
        WishlistQuery,
    );
    Schema::build(query, Mutation(ShopMutation), Subscription(ShopSubscription)).data(lab.clone())
}

impl Executor for HealedSchema {
    async fn execute(&self, request: Request) -> Response {
        self.run(request).await
    }

    fn execute_stream(&self, request: Request, data: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        self.stream(request, data)
    }
}
