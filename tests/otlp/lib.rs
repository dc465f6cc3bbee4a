//! The package of the tests against receivers of OTLP; see `main.rs`. It is one of its own because of
//! what gRPC takes to compile.
