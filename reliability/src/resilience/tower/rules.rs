use super::cached::KeepNothing;
use super::classify::{AllGood, ByFault};
use super::describe::Description;
use super::fallback::NoFallback;
use super::refuse::AsError;
use super::repeat::Once;

/// What a [`PolicyLayer`](super::PolicyLayer) was told beside its policy, one type for each setter.
///
/// # Examples
///
/// See [`PolicyLayer`](super::PolicyLayer).
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules<
    Q = Once,
    V = ByFault,
    A = AllGood,
    X = AsError,
    B = NoFallback,
    C = KeepNothing,
    W = Description,
> {
    pub(super) repeat: Q,
    pub(super) errors: V,
    pub(super) responses: A,
    pub(super) refuse: X,
    pub(super) fallback: B,
    pub(super) cache: C,
    pub(super) description: W,
}

impl<Q, V, A, X, B, C, W> Rules<Q, V, A, X, B, C, W> {
    pub(super) fn with_repeat<N>(self, repeat: N) -> Rules<N, V, A, X, B, C, W> {
        let Self { errors, responses, refuse, fallback, cache, description, .. } = self;
        Rules { repeat, errors, responses, refuse, fallback, cache, description }
    }

    pub(super) fn with_errors<N>(self, errors: N) -> Rules<Q, N, A, X, B, C, W> {
        let Self { repeat, responses, refuse, fallback, cache, description, .. } = self;
        Rules { repeat, errors, responses, refuse, fallback, cache, description }
    }

    pub(super) fn with_responses<N>(self, responses: N) -> Rules<Q, V, N, X, B, C, W> {
        let Self { repeat, errors, refuse, fallback, cache, description, .. } = self;
        Rules { repeat, errors, responses, refuse, fallback, cache, description }
    }

    pub(super) fn with_refuse<N>(self, refuse: N) -> Rules<Q, V, A, N, B, C, W> {
        let Self { repeat, errors, responses, fallback, cache, description, .. } = self;
        Rules { repeat, errors, responses, refuse, fallback, cache, description }
    }

    pub(super) fn with_fallback<N>(self, fallback: N) -> Rules<Q, V, A, X, N, C, W> {
        let Self { repeat, errors, responses, refuse, cache, description, .. } = self;
        Rules { repeat, errors, responses, refuse, fallback, cache, description }
    }

    #[cfg(feature = "cache")]
    pub(super) fn with_cache<N>(self, cache: N) -> Rules<Q, V, A, X, B, N, W> {
        let Self { repeat, errors, responses, refuse, fallback, description, .. } = self;
        Rules { repeat, errors, responses, refuse, fallback, cache, description }
    }

    pub(super) fn map_description<N>(self, map: impl FnOnce(W) -> N) -> Rules<Q, V, A, X, B, C, N> {
        let Self { repeat, errors, responses, refuse, fallback, cache, description } = self;
        let description = map(description);
        Rules { repeat, errors, responses, refuse, fallback, cache, description }
    }
}
