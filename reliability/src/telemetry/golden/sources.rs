//! Which metrics are read. The guide's chapter `telemetry` has the table for people; a test holds the
//! two together.

/// What is counted and timed call by call.
pub(super) struct Calls {
    /// A counter of calls; `None` where the histogram counts them.
    pub(super) calls: Option<&'static str>,
    pub(super) duration: &'static str,
    /// The attribute that tells one from another.
    pub(super) name: &'static str,
}

pub(super) const HTTP_SERVER: Calls =
    Calls { calls: None, duration: "http.server.request.duration", name: "http.route" };

pub(super) const RPC_SERVER: Calls =
    Calls { calls: None, duration: "rpc.server.call.duration", name: "rpc.method" };

pub(super) const OPERATION: Calls = Calls {
    calls: Some("reliability.operation.calls"),
    duration: "reliability.operation.duration",
    name: "reliability.operation.name",
};

pub(super) const POLICY: Calls = Calls {
    calls: Some("reliability.policy.calls"),
    duration: "reliability.policy.duration",
    name: "reliability.policy.name",
};

/// Something that there is only so much of.
pub(super) struct Limited {
    /// The attribute that tells one from another.
    pub(super) name: &'static str,
    pub(super) used: Used,
    pub(super) waiting: Option<&'static str>,
    pub(super) refused: Option<&'static str>,
    /// What is not 0 while it is out of order, and the values of an attribute for which that is so.
    pub(super) broken: Option<(&'static str, Option<OneOf>)>,
}

/// An attribute, and values of it.
pub(super) type OneOf = (&'static str, &'static [&'static str]);

/// How much of it is in use.
pub(super) enum Used {
    /// So much, of so much.
    Is(&'static str, &'static str),
    /// So much is left, of so much.
    Left(&'static str, &'static str),
    /// It is there or it is not.
    Never,
}

pub(super) const BULKHEAD: Limited = Limited {
    name: "reliability.bulkhead.name",
    used: Used::Is("reliability.bulkhead.in_use", "reliability.bulkhead.limit"),
    waiting: Some("reliability.bulkhead.queued"),
    refused: Some("reliability.bulkhead.rejections"),
    broken: None,
};

pub(super) const CONCURRENCY_LIMIT: Limited = Limited {
    name: "reliability.concurrency_limit.name",
    used: Used::Is("reliability.concurrency_limit.in_use", "reliability.concurrency_limit.limit"),
    waiting: None,
    refused: Some("reliability.concurrency_limit.rejections"),
    broken: None,
};

pub(super) const RATE_LIMIT: Limited = Limited {
    name: "reliability.rate_limit.name",
    used: Used::Left("reliability.rate_limit.remaining", "reliability.rate_limit.limit"),
    waiting: None,
    refused: Some("reliability.rate_limit.rejections"),
    broken: Some(("reliability.rate_limit.store_away", None)),
};

pub(super) const RETRY_BUDGET: Limited = Limited {
    name: "reliability.retry_budget.name",
    used: Used::Left("reliability.retry_budget.tokens", "reliability.retry_budget.capacity"),
    waiting: None,
    refused: None,
    broken: None,
};

pub(super) const BREAKER: Limited = Limited {
    name: "reliability.breaker.name",
    used: Used::Never,
    waiting: None,
    refused: Some("reliability.breaker.rejections"),
    broken: Some((
        "reliability.breaker.state",
        Some(("reliability.breaker.state", &["open", "forced_open"])),
    )),
};
