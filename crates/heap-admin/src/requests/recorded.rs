//! [`Recorded`]: an executor whose requests are counted, and executed under their operation's label.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_graphql::{Data, Executor, Request, Response};
use futures_util::Stream;
use futures_util::stream::BoxStream;
use heap_recorder::{Execution, Labelled, Operation};

use super::name;
use crate::control;

/// Executes requests of an inner executor under the label of their operation, and counts them: started, completed,
/// cancelled, and the events of subscriptions. Put it around the schema:
///
/// ```
/// # use async_graphql::{EmptyMutation, EmptySubscription, Object, Schema};
/// # struct Query;
/// # #[Object] impl Query { async fn hello(&self) -> &str { "hello" } }
/// let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
/// let service = async_graphql_axum::GraphQL::new(heap_admin::Recorded::new(schema));
/// # let _ = service;
/// ```
///
/// An operation goes by its name, or by its root fields where it has none. A persisted query comes without its text: it goes
/// by the `operationName` of the request, and its events are not counted. [`Limited`](crate::door::Limited) takes none.
///
/// It is no async-graphql extension: registering any costs the engine's fast path for every field. It needs no
/// [`Recorder`](heap_recorder::Recorder) that was started; what it sets is then read by nobody.
#[derive(Clone, Debug)]
pub struct Recorded<E>(E);

impl<E> Recorded<E> {
    /// Around `inner`.
    pub fn new(inner: E) -> Self {
        Self(inner)
    }
}

impl<E: Executor> Executor for Recorded<E> {
    async fn execute(&self, mut request: Request) -> Response {
        let operation = Operation::named(&name::of(&mut request).name);
        let execution = operation.start();
        control::plant();
        let response = operation.label().wrap(self.0.execute(request)).await;
        execution.complete();
        response
    }

    fn execute_stream(&self, mut request: Request, data: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        let named = name::of(&mut request);
        let (operation, counts_events) = (Operation::named(&named.name), named.is_subscription);
        drop(named);
        let execution = operation.start();
        control::plant();
        let label = operation.label();
        let responses = label.within(|| self.0.execute_stream(request, data));
        Box::pin(Responses {
            responses: label.wrap(responses),
            operation,
            counts_events,
            execution: Some(execution),
        })
    }
}

/// The responses of a subscription, or the one of another operation. Dropped before its end, it counts as cancelled.
struct Responses {
    responses: Labelled<BoxStream<'static, Response>>,
    operation: Operation,
    counts_events: bool,
    execution: Option<Execution>,
}

impl Stream for Responses {
    type Item = Response;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Response>> {
        let next = Pin::new(&mut self.responses).poll_next(context);
        match &next {
            Poll::Ready(Some(_)) if self.counts_events => self.operation.count_event(),
            // The one answer: whoever has it need not ask for the end.
            Poll::Ready(_) => {
                if let Some(execution) = self.execution.take() {
                    execution.complete();
                }
            }
            Poll::Pending => {}
        }
        next
    }
}
