//! What was typed becomes what it means, before anything runs.

use std::time::Duration;

use url::Url;

use super::request::{self, Requests};
use super::shape;
use super::subscription::Subscriptions;
use super::target::{self, Subject};
use super::{Bound, DEFAULT_PROBLEM, Error, Settings, Shape};

/// Connections of the requests beside subscriptions, at most.
const TRIGGER_CONNECTIONS: usize = 4;
const MAX_CONNECTIONS: usize = 20_000;
const MAX_PIPELINING: usize = 10_000;
/// Past any sensible run, and far from the end of the clock.
const MAX_TIME: Duration = Duration::from_secs(30 * 24 * 3600);

/// A load that can run: checked, with its requests' bytes ready.
#[derive(Debug)]
pub struct Plan {
    pub(super) url: Url,
    pub(super) shape: Shape,
    pub(super) patience: Option<Duration>,
    /// What is subscribed to meanwhile.
    pub(super) subscriptions: Option<Subscriptions>,
    pub(super) requests: Requests,
    /// Responses to HEAD have headers that speak of a body, and none.
    pub(super) bodiless: bool,
    pub(super) connections: usize,
    pub(super) pipelining: usize,
    pub(super) bound: Bound,
    pub(super) rate: Option<f64>,
    pub(super) timeout: Duration,
    pub(super) allow_remote: bool,
}

impl Plan {
    /// Checks the settings, and makes them a plan. Nothing is looked up or connected yet.
    ///
    /// # Errors
    /// Where the settings name no address that may be put under load, contradict each other
    /// or are out of range.
    pub fn new(settings: &Settings) -> Result<Self, Error> {
        check_ranges(settings)?;
        shape::check(settings)?;
        let url = endpoint(settings)?;
        let method = method(settings)?;
        let pipelining = settings.shape.pipelining(settings.pipelining);
        let requests = request::build(&url, &method, settings)?;
        let subscriptions = subscriptions(&url, settings)?;
        Ok(Self {
            url,
            shape: settings.shape,
            patience: settings.patience,
            subscriptions,
            requests,
            bodiless: method == "HEAD",
            connections: connections(settings),
            pipelining,
            bound: settings.bound,
            rate: settings.rate,
            timeout: settings.timeout,
            allow_remote: settings.allow_remote,
        })
    }

    /// The address under load.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// When the load stops.
    pub fn bound(&self) -> Bound {
        self.bound
    }
}

fn endpoint(settings: &Settings) -> Result<Url, Error> {
    let remote = settings.allow_remote;
    let subject = match (&settings.subject, &settings.operation) {
        (Some(typed), _) => Subject::parse(typed)?,
        (None, Some(_)) => return target::below(&settings.target, "graphql", remote),
        (None, None) => Subject::Problem(DEFAULT_PROBLEM),
    };
    match (subject, &settings.operation) {
        (Subject::Problem(id), Some(_)) => Err(Error::TwoOperations(id.to_owned())),
        (Subject::Problem(id), None) => target::below(&settings.target, &format!("problem/{id}"), remote),
        (Subject::Address(typed), _) => target::address(typed, remote),
    }
}

fn method(settings: &Settings) -> Result<String, Error> {
    let Some(typed) = &settings.method else {
        let posts = settings.operation.is_some() || settings.body.is_some();
        return Ok(if posts { "POST" } else { "GET" }.to_owned());
    };
    let method = typed.to_ascii_uppercase();
    // CONNECT turns the connection into something else, whose bytes are no responses.
    if method.is_empty()
        || !method.bytes().all(|b| b.is_ascii_uppercase() || b == b'-')
        || method == "CONNECT"
    {
        return Err(Error::Method(typed.clone()));
    }
    if settings.operation.is_some() && method != "POST" {
        return Err(Error::WithOperation("another method than POST"));
    }
    Ok(method)
}

/// What is subscribed to, where the shape asks for it; the requests are then the trigger's.
fn subscriptions(url: &Url, settings: &Settings) -> Result<Option<Subscriptions>, Error> {
    match (&settings.operation, settings.shape) {
        (Some(operation), Shape::Stalled) => Subscriptions::new(url, settings, operation).map(Some),
        _ => Ok(None),
    }
}

/// Connections that send requests. More of them than requests would stand idle.
fn connections(settings: &Settings) -> usize {
    let wanted = match (settings.shape, &settings.trigger) {
        (Shape::Stalled, None) => 0,
        (Shape::Stalled, Some(_)) => settings.connections.min(TRIGGER_CONNECTIONS),
        _ => settings.connections,
    };
    match settings.bound {
        Bound::Amount(amount) => wanted.min(usize::try_from(amount).unwrap_or(usize::MAX)),
        Bound::Time(_) => wanted,
    }
}

fn check_ranges(settings: &Settings) -> Result<(), Error> {
    let check = |fine: bool, what, expected, found: String| {
        if fine {
            Ok(())
        } else {
            Err(Error::Range {
                what,
                expected,
                found,
            })
        }
    };
    let Settings {
        connections,
        pipelining,
        rate,
        ..
    } = *settings;
    check(
        (1..=MAX_CONNECTIONS).contains(&connections),
        "connections",
        "1 to 20000",
        connections.to_string(),
    )?;
    check(
        (1..=MAX_PIPELINING).contains(&pipelining),
        "pipelining",
        "1 to 10000",
        pipelining.to_string(),
    )?;
    if let Some(rate) = rate {
        check(
            (0.001..=1e8).contains(&rate),
            "rate",
            "0.001 to 100000000 requests a second",
            rate.to_string(),
        )?;
    }
    let time = |time: Duration| !time.is_zero() && time <= MAX_TIME;
    let seconds = "more than 0 seconds and at most 30 days";
    check(
        time(settings.timeout),
        "timeout",
        seconds,
        settings.timeout.as_secs_f64().to_string(),
    )?;
    if let Some(patience) = settings.patience {
        check(
            time(patience),
            "patience",
            seconds,
            patience.as_secs_f64().to_string(),
        )?;
    }
    match settings.bound {
        Bound::Time(duration) => check(
            time(duration),
            "duration",
            seconds,
            duration.as_secs_f64().to_string(),
        ),
        Bound::Amount(amount) => check(amount > 0, "amount", "at least 1", amount.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Operation;
    use super::*;

    fn plan(change: impl FnOnce(&mut Settings)) -> Result<Plan, String> {
        let mut settings = Settings::default();
        change(&mut settings);
        Plan::new(&settings).map_err(|error| error.to_string())
    }

    fn operation() -> Option<Operation> {
        Some(Operation {
            document: "{ hello }".to_owned(),
            variables: None,
        })
    }

    #[test]
    fn nothing_typed_means_the_first_problem_with_the_workshops_settings() {
        let plan = plan(|_| {}).expect("a good plan");
        assert_eq!(plan.url.as_str(), "http://127.0.0.1:3000/problem/00hello");
        assert_eq!((plan.connections, plan.pipelining), (100, 10));
        assert_eq!(plan.bound, Bound::Time(Duration::from_secs(3)));
    }

    #[test]
    fn an_operation_goes_to_the_targets_graphql_or_to_the_address() {
        let at_target = plan(|s| s.operation = operation()).expect("a good plan");
        assert_eq!(at_target.url.path(), "/graphql");
        let at_address = plan(|s| {
            s.operation = operation();
            s.subject = Some("http://127.0.0.1:9/api".to_owned());
        });
        assert_eq!(at_address.expect("a good plan").url.path(), "/api");
    }

    #[test]
    fn contradictions_are_refused() {
        let both = plan(|s| {
            s.operation = operation();
            s.subject = Some("hello".to_owned());
        });
        assert!(both.expect_err("refused").contains("brings its own operation"));
        let get = plan(|s| {
            s.operation = operation();
            s.method = Some("get".to_owned());
        });
        assert!(get.expect_err("refused").contains("cannot be combined"));
        let body = plan(|s| {
            s.operation = operation();
            s.body = Some(b"{}".to_vec());
        });
        assert!(body.expect_err("refused").contains("cannot be combined"));
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        for bad in [
            plan(|s| s.connections = 0),
            plan(|s| s.pipelining = 0),
            plan(|s| s.rate = Some(f64::NAN)),
            plan(|s| s.rate = Some(0.0)),
            plan(|s| s.timeout = Duration::ZERO),
            plan(|s| s.bound = Bound::Amount(0)),
            plan(|s| s.bound = Bound::Time(Duration::MAX)),
        ] {
            assert!(bad.expect_err("refused").contains("must be"));
        }
    }

    #[test]
    fn no_more_connections_than_requests_are_opened() {
        assert_eq!(
            plan(|s| s.bound = Bound::Amount(3))
                .expect("a good plan")
                .connections,
            3
        );
    }
}
