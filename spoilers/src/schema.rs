//! [`HealedSchema`]: the bookshop's public schema, with the healed fields in the place of the problems'.

use std::{future::Future, pin::Pin, sync::Arc};

use async_graphql::{
    Data, Executor, MergedObject, MergedSubscription, Request, Response, SDLExportOptions, Schema,
    SchemaBuilder, futures_util::stream::BoxStream,
};
use heap_admin::FieldLabels;
use leaklab::server::PublicSchema;
use problems::{
    Lab,
    parts::{BooksQuery, LabQuery},
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
    p13_feed::{FeedMutation, FeedSubscription},
    p14_quotes::QuotesQuery,
    p15_prices::PricesQuery,
    p16_series::SeriesQuery,
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
    QuotesQuery,
    PricesQuery,
    SeriesQuery,
);

/// What can be changed in the bookshop
#[derive(MergedObject)]
struct Mutation(ShopMutation, FeedMutation);

/// What can be followed in the bookshop
#[derive(MergedSubscription)]
struct Subscription(ShopSubscription, FeedSubscription);

/// The public schema, healed and ready to execute. Cheap to clone; all clones are one.
///
/// Calls are counted, and refused past the memory limit, as the lab does it. Its caches live in statics, as the
/// problems do: in practice, one a process.
#[derive(Clone)]
pub struct HealedSchema {
    lab: Lab,
    schema: Schema<Query, Mutation, Subscription>,
}

impl PublicSchema for HealedSchema {
    fn new(lab: &Lab, field_labels: bool) -> Self {
        let builder = builder(lab);
        let schema = if field_labels {
            builder.extension(FieldLabels::default()).finish()
        } else {
            builder.finish()
        };
        Self {
            lab: lab.clone(),
            schema,
        }
    }

    fn sdl(&self) -> String {
        self.schema.sdl()
    }

    fn quiesce(&self) {
        p02_search::settle();
        p05_stories::settle();
        p07_recommendations::settle();
    }
}

impl HealedSchema {
    /// The schema in the schema definition language, written as `options` say.
    pub fn sdl_with(&self, options: SDLExportOptions) -> String {
        self.schema.sdl_with_options(options)
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
        QuotesQuery,
        PricesQuery,
        SeriesQuery,
    );
    let mutation = Mutation(ShopMutation, FeedMutation);
    let subscription = Subscription(ShopSubscription, FeedSubscription);
    Schema::build(query, mutation, subscription).data(lab.clone())
}

impl Executor for HealedSchema {
    async fn execute(&self, request: Request) -> Response {
        self.run(request).await
    }

    fn execute_stream(&self, request: Request, data: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        self.stream(request, data)
    }
}
