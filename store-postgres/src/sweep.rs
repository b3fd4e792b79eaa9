use tokio::time::sleep;
use tokio_postgres::types::Type;

use crate::database::Database;
use crate::error::CallError;

/// Rows in one statement, so that none takes long.
const BATCH: i64 = 1000;

/// Whoever sweeps at the same time takes other rows, and whoever replaces an expired row
/// keeps his: a row is locked, looked at as it is then, and only then deleted.
const SWEEP: &str = "
    delete from {schema}.{prefix}nut
    where expires_at <= now() and ctid = any (array(
        select ctid from {schema}.{prefix}nut
        where expires_at <= now()
        order by expires_at
        limit $1
        for update skip locked
    ))";

/// Deletes what has expired, and says how many rows that were.
pub(crate) async fn sweep(database: &Database) -> Result<usize, CallError> {
    let statement = database.names.fill_in(SWEEP);
    let mut swept = 0;
    loop {
        let batch = database.connections.write(&statement, &[(&BATCH, Type::INT8)]).await?;
        if batch.affected == 0 {
            return Ok(swept);
        }
        swept += usize::try_from(batch.affected).unwrap_or(usize::MAX);
    }
}

/// Sweeps now and then, for ever.
pub(crate) async fn keep_swept(database: Database) {
    loop {
        match sweep(&database).await {
            Ok(0) => {}
            Ok(swept) => tracing::debug!(swept, "nuts had expired"),
            Err(error) => tracing::warn!(%error, "nuts that have expired could not be swept"),
        }
        sleep(database.sweep_every).await;
    }
}
