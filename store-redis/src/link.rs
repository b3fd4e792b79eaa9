//! The ways on which calls reach Redis.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deadpool::managed::{Manager, Object, Pool};
use redis::Value;
use redis::aio::{ConnectionLike, MultiplexedConnection};

use crate::call::{Call, Failure};
use crate::cluster::Cluster;
use crate::connect::{connect, master};
use crate::lanes::{Lanes, Replicas};
use crate::renewed::Ended;
use crate::topology::Topology;

/// A way on which calls reach Redis.
#[async_trait]
pub(crate) trait Link: Send + Sync {
    /// Sends a call once, however that ends; to another server only where the first one says
    /// that it has not executed it.
    async fn send(&self, call: &Call) -> Result<Value, Failure>;
}

/// Connections of the store's own.
pub(crate) fn own(
    topology: &Topology,
    step: Duration,
    replicas: Option<Replicas>,
) -> Arc<dyn Link> {
    match topology {
        Topology::Single(server) => {
            let server = server.clone();
            Arc::new(Lanes::new(replicas, step, move |ended: Ended<MultiplexedConnection>| {
                let server = server.clone();
                async move { connect(&server, step, Some(ended)).await }
            }))
        }
        Topology::Sentinel(sentinel) => {
            let sentinel = Arc::new(sentinel.clone());
            Arc::new(Lanes::new(replicas, step, move |ended: Ended<MultiplexedConnection>| {
                let sentinel = Arc::clone(&sentinel);
                async move {
                    let server = master(&sentinel, step).await?;
                    connect(&server, step, Some(ended)).await
                }
            }))
        }
        Topology::Cluster(servers) => Arc::new(Cluster::new(servers.clone(), step, replicas)),
    }
}

/// One connection of the application's, cloned for every call.
pub(crate) struct Lent<C>(pub(crate) C);

#[async_trait]
impl<C: ConnectionLike + Clone + Send + Sync> Link for Lent<C> {
    async fn send(&self, call: &Call) -> Result<Value, Failure> {
        Ok(call.send(&mut self.0.clone(), None, None).await?)
    }
}

/// A pool of the application's; one checkout for every call.
pub(crate) struct Pooled<M: Manager, W: From<Object<M>>>(pub(crate) Pool<M, W>);

#[async_trait]
impl<M, W> Link for Pooled<M, W>
where
    M: Manager<Error: Error + Send + Sync> + 'static,
    W: From<Object<M>> + ConnectionLike + Send + 'static,
{
    async fn send(&self, call: &Call) -> Result<Value, Failure> {
        let mut connection = self.0.get().await.map_err(Failure::not_sent)?;
        Ok(call.send(&mut connection, None, None).await?)
    }
}
