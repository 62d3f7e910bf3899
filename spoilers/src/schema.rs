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
    p08_covers::{self, CoversQuery},
    p09_login::{self, LoginMutation, LoginQuery},
    p10_imports::{ImportsMutation, ImportsQuery},
    p11_reviews::{self, ReviewsQuery},
    p12_mail::{MailMutation, MailQuery},
    p13_feed::{FeedMutation, FeedSubscription},
    p14_quotes::QuotesQuery,
    p15_prices::PricesQuery,
    p16_series::SeriesQuery,
};

/// What can be asked of the bookshop
#[derive(MergedObject)]
pub struct HealedQuery(
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
    CoversQuery,
    LoginQuery,
    ImportsQuery,
    ReviewsQuery,
    MailQuery,
    QuotesQuery,
    PricesQuery,
    SeriesQuery,
    BestsellersQuery,
    RegionsQuery,
    BasketQuery,
    AuditQuery,
    ShelvesQuery,
    WishlistQuery,
);

/// What can be asked of the bookshop
#[derive(MergedObject)]
#[graphql(name = "Query")]
struct Query(HealedQuery);

/// What can be changed in the bookshop
#[derive(MergedObject)]
#[graphql(name = "Mutation")]
pub struct HealedMutation(
    ShopMutation,
    LoginMutation,
    ImportsMutation,
    MailMutation,
    FeedMutation,
);

/// What can be followed in the bookshop
#[derive(MergedSubscription)]
#[graphql(name = "Subscription")]
pub struct HealedSubscription(ShopSubscription, FeedSubscription);

/// The public schema, healed and ready to execute. Cheap to clone; all clones are one.
///
/// Calls are counted, and refused past the memory limit, as the lab does it. Its caches live in statics, as the
/// problems do: in practice, one a process.
#[derive(Clone)]
pub struct HealedSchema {
    lab: Lab,
    schema: Schema<Query, HealedMutation, HealedSubscription>,
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
        p08_covers::settle();
        p09_login::settle();
    }
}

impl HealedSchema {
    /// The schema in the schema definition language, written as `options` say.
    pub fn sdl_with(&self, options: SDLExportOptions) -> String {
        self.schema.sdl_with_options(options)
    }

    // Here and not in `execute`: so that the engine is compiled in this crate, and not again by who calls it.
    #[inline(never)]
    fn run(&self, request: Request) -> Pin<Box<dyn Future<Output = Response> + Send>> {
        let schema = self.schema.clone();
        let request = prepare(&self.lab, request);
        Box::pin(async move { schema.execute(request).await })
    }

    #[inline(never)]
    fn stream(&self, request: Request, data: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        Executor::execute_stream(&self.schema, prepare(&self.lab, request), data)
    }
}

impl HealedQuery {
    /// All of them, new.
    #[expect(clippy::new_without_default, reason = "what is new is no default of anything")]
    pub fn new() -> Self {
        Self(
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
            CoversQuery,
            LoginQuery,
            ImportsQuery,
            ReviewsQuery,
            MailQuery,
            QuotesQuery,
            PricesQuery,
            SeriesQuery,
            BestsellersQuery,
            RegionsQuery,
            BasketQuery,
            AuditQuery,
            ShelvesQuery,
            WishlistQuery,
        )
    }
}

impl HealedMutation {
    /// All of them, new.
    #[expect(clippy::new_without_default, reason = "what is new is no default of anything")]
    pub fn new() -> Self {
        Self(
            ShopMutation,
            LoginMutation,
            ImportsMutation,
            MailMutation,
            FeedMutation,
        )
    }
}

impl HealedSubscription {
    /// All of them, new.
    #[expect(clippy::new_without_default, reason = "what is new is no default of anything")]
    pub fn new() -> Self {
        Self(ShopSubscription, FeedSubscription)
    }
}

/// Gives a request what it needs of its own, as the lab does it: the loader of authors is the healed one.
#[must_use]
pub fn prepare(lab: &Lab, request: Request) -> Request {
    request.data(RequestData::new(lab.bookshop().db(), p06_books::loader))
}

/// Begins the figures of reviews anew: for a cheat.
pub fn forget_figures() {
    p11_reviews::clear();
}

/// Ends all sessions.
pub fn forget_sessions() {
    p09_login::forget();
}

/// Drops all recommendations that are at hand.
pub fn forget_recommendations() {
    p07_recommendations::forget();
}

fn builder(lab: &Lab) -> SchemaBuilder<Query, HealedMutation, HealedSubscription> {
    let (query, mutation) = (Query(HealedQuery::new()), HealedMutation::new());
    Schema::build(query, mutation, HealedSubscription::new()).data(lab.clone())
}

impl Executor for HealedSchema {
    async fn execute(&self, request: Request) -> Response {
        self.run(request).await
    }

    fn execute_stream(&self, request: Request, data: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        self.stream(request, data)
    }
}
