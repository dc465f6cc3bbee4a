use crate::metrics;
use crate::telemetry::metrics::{Family, Histogram};

// 512 series: a hundred routes with five answers each.
metrics! {
    /// How long requests took that were served, by semantic conventions for HTTP.
    pub(super) static HTTP_SERVER: Family<Histogram, 6> =
        Histogram::builder("http.server.request.duration").unit("s").by([
            "http.request.method",
            "url.scheme",
            "http.route",
            "http.response.status_code",
            "network.protocol.version",
            "error.type",
        ]).series(512);
    /// How long requests took that were sent, by semantic conventions for HTTP.
    pub(super) static HTTP_CLIENT: Family<Histogram, 6> =
        Histogram::builder("http.client.request.duration").unit("s").by([
            "http.request.method",
            "server.address",
            "server.port",
            "http.response.status_code",
            "network.protocol.version",
            "error.type",
        ]).series(512);
    /// How long calls took that were served, by semantic conventions for RPC.
    pub(super) static RPC_SERVER: Family<Histogram, 4> =
        Histogram::builder("rpc.server.call.duration").unit("s").by([
            "rpc.system.name",
            "rpc.method",
            "rpc.response.status_code",
            "error.type",
        ]).series(512);
    /// How long calls took that were made, by semantic conventions for RPC.
    pub(super) static RPC_CLIENT: Family<Histogram, 6> =
        Histogram::builder("rpc.client.call.duration").unit("s").by([
            "rpc.system.name",
            "rpc.method",
            "server.address",
            "server.port",
            "rpc.response.status_code",
            "error.type",
        ]).series(512);
}
