//! The five steps as steno's actions, and steno's log on a journal of ours.

use std::sync::Arc;

use reliability::journal::{Append, Event, Journal, StreamId};
use steno::{
    ActionContext, ActionError, ActionFunc, ActionRegistry, DagBuilder, Node, SagaCachedState,
    SagaCreateParams, SagaDag, SagaId, SagaName, SagaNodeEvent, SagaType, SecClient, SecStore,
};

use crate::five::{Number, Order};

#[derive(Debug)]
struct Five;

impl SagaType for Five {
    type ExecContextType = Arc<()>;
}

type Ended = Result<Number, ActionError>;

async fn first(context: ActionContext<Five>) -> Ended {
    Ok(Number { number: u64::from(context.saga_params::<Order>()?.amount) })
}

async fn after(context: &ActionContext<Five>, name: &str) -> Ended {
    Ok(Number { number: context.lookup::<Number>(name)?.number + 1 })
}

async fn second(context: ActionContext<Five>) -> Ended {
    after(&context, "first").await
}

async fn third(context: ActionContext<Five>) -> Ended {
    after(&context, "second").await
}

async fn fourth(context: ActionContext<Five>) -> Ended {
    after(&context, "third").await
}

async fn fifth(context: ActionContext<Five>) -> Ended {
    after(&context, "fourth").await
}

async fn undo(_: ActionContext<Five>) -> Result<(), anyhow::Error> {
    Ok(())
}

/// steno with its actions.
pub(crate) struct Steno {
    client: SecClient,
    registry: Arc<ActionRegistry<Five>>,
    nodes: Vec<Node>,
}

impl Steno {
    /// Its log is kept by that.
    pub(crate) fn on(store: impl SecStore + 'static) -> Self {
        let mut registry = ActionRegistry::new();
        let mut nodes = Vec::new();
        macro_rules! action {
            ($($name:ident)+) => {$(
                let action = ActionFunc::new_action(stringify!($name), $name, undo);
                nodes.push(Node::action(stringify!($name), stringify!($name), &*action));
                registry.register(action);
            )+};
        }
        action!(first second third fourth fifth);
        let log = slog::Logger::root(slog::Discard, slog::o!());
        Self { client: steno::sec(log, Arc::new(store)), registry: Arc::new(registry), nodes }
    }

    /// One saga, from its start to its end.
    pub(crate) async fn run(&self) {
        let mut builder = DagBuilder::new(SagaName::new("five"));
        for node in &self.nodes {
            builder.append(node.clone());
        }
        let dag = builder.build().expect("a graph");
        let input = serde_json::to_value(Order::new()).expect("an input");
        let (id, dag) = (SagaId::new_v4(), Arc::new(SagaDag::new(dag, input)));
        let shared = Arc::new(Arc::new(()));
        let registry = Arc::clone(&self.registry);
        let ended = self.client.saga_create(id, shared, dag, registry).await.expect("a saga");
        self.client.saga_start(id).await.expect("a saga that runs");
        let ended = ended.await.kind.expect("a saga that completes");
        let number = ended.lookup_node_output::<Number>("fifth").expect("an output");
        assert_eq!(number.number, 7);
    }
}

/// What steno writes, as a record each: what our sagas write to has to hold it too.
#[derive(Debug)]
pub(crate) struct OnJournal(pub(crate) Journal);

impl OnJournal {
    async fn append(&self, id: SagaId, name: &'static str, what: &impl serde::Serialize) {
        let stream = StreamId::new("steno", &id.to_string()).expect("a name");
        let text = serde_json::to_vec(what).expect("a text");
        let append = Append::to(&stream).event(Event::bytes(name, 1, text));
        self.0.append(append).await.expect("a place");
    }
}

#[async_trait::async_trait]
impl SecStore for OnJournal {
    async fn saga_create(&self, saga: SagaCreateParams) -> Result<(), anyhow::Error> {
        self.append(saga.id, "created", &saga).await;
        Ok(())
    }

    async fn record_event(&self, event: SagaNodeEvent) {
        self.append(event.saga_id, "event", &event).await;
    }

    async fn saga_update(&self, id: SagaId, update: SagaCachedState) {
        self.append(id, "updated", &update).await;
    }
}
