use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::error::OpenError;

/// The tables of one store, which have a version of their own because the other store's
/// may be in another file.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) name: &'static str,
    /// The statements that lead from each version to the next, from an empty database on.
    pub(crate) steps: &'static [&'static str],
}

/// Takes the missing steps, all or none, while everybody else who writes waits.
pub(crate) fn migrate(connection: &mut Connection, part: &Part) -> Result<(), OpenError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(
        "create table if not exists sqrl_schema (
            part    text    not null primary key,
            version integer not null
        ) strict, without rowid",
    )?;
    let found: u32 = transaction
        .query_row("select version from sqrl_schema where part = ?1", [part.name], |row| row.get(0))
        .optional()?
        .unwrap_or(0);
    let known = u32::try_from(part.steps.len()).unwrap_or(u32::MAX);
    if found > known {
        return Err(OpenError::Newer { part: part.name, found, known });
    }
    let missing = part.steps.iter().zip(1..).filter(|&(_, version)| version > found);
    for (step, _) in missing {
        transaction.execute_batch(step)?;
    }
    // Written even where it does not change: a file that cannot be written is to fail here, and
    // not at the first sign-in.
    transaction.execute(
        "insert into sqrl_schema (part, version) values (?1, ?2)
         on conflict (part) do update set version = excluded.version",
        params![part.name, known],
    )?;
    transaction.commit()?;
    Ok(())
}
