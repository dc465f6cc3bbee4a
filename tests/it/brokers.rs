//! The buses over brokers, on servers of the tests' own.

mod nats;
mod rabbitmq;
