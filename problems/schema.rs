//! The public schema's root types: the shop's ordinary fields and each problem's, side by side.

use async_graphql::{Context, ID, MergedObject, MergedSubscription, Object, Result, SimpleObject};

use crate::{
    Lab,
    p00_hello::HelloQuery,
    p01_jokes::JokesQuery,
    p02_search::SearchQuery,
    p03_lookup::LookupQuery,
    p04_orders::OrdersQuery,
    p05_stories::StoriesQuery,
    p06_books::BooksQuery,
    p07_recommendations::RecommendationsQuery,
    p08_covers::CoversQuery,
    p09_login::{LoginMutation, LoginQuery},
    p10_imports::{ImportsMutation, ImportsQuery},
    p11_reviews::ReviewsQuery,
    p12_mail::{MailMutation, MailQuery},
    p13_feed::{FeedMutation, FeedSubscription},
    p14_quotes::QuotesQuery,
    p15_prices::PricesQuery,
    p16_series::SeriesQuery,
    p17_bestsellers::BestsellersQuery,
    p18_regions::RegionsQuery,
    p19_basket::BasketQuery,
    p20_audit::AuditQuery,
    p21_shelves::ShelvesQuery,
    p22_wishlist::WishlistQuery,
    shop::{ShopMutation, ShopQuery, ShopSubscription},
};

/// What can be asked of the bookshop
#[derive(MergedObject)]
pub struct Query(
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

impl Query {
    pub(crate) fn new(hello: HelloQuery, jokes: JokesQuery) -> Self {
        Self(
            ShopQuery,
            LabQuery,
            hello,
            jokes,
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

/// What can be changed in the bookshop
#[derive(MergedObject)]
pub struct Mutation(
    ShopMutation,
    LoginMutation,
    ImportsMutation,
    MailMutation,
    FeedMutation,
);

impl Mutation {
    pub(crate) fn new() -> Self {
        Self(
            ShopMutation,
            LoginMutation,
            ImportsMutation,
            MailMutation,
            FeedMutation,
        )
    }
}

/// What can be followed in the bookshop
#[derive(MergedSubscription)]
pub struct Subscription(ShopSubscription, FeedSubscription);

impl Subscription {
    pub(crate) fn new() -> Self {
        Self(ShopSubscription, FeedSubscription)
    }
}

/// What can be asked of the lab itself.
pub struct LabQuery;

#[Object]
impl LabQuery {
    /// The problems on the board
    async fn problems(&self, ctx: &Context<'_>) -> Result<Vec<ProblemSummary>> {
        let lab = ctx.data::<Lab>()?;
        Ok(lab
            .problems()
            .iter()
            .map(|problem| ProblemSummary {
                id: ID(problem.id.clone()),
                title: problem.title.clone(),
            })
            .collect())
    }
}

/// A problem on the board
#[derive(SimpleObject)]
#[graphql(name = "Problem")]
struct ProblemSummary {
    /// Number and name; a unique beginning of either will do where an id is asked for
    id: ID,
    /// What it is called
    title: String,
}
