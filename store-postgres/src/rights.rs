//! What the role may do, looked at when a store is opened: what is missing shows then, and not
//! when somebody signs in.

use tokio_postgres::Client;
use tokio_postgres::types::Type;

use crate::connections::Parameter;
use crate::error::OpenError;
use crate::names::Names;

const SCHEMA: &str = "
    select quote_ident(current_user), quote_ident(current_database()),
        pg_is_in_recovery() or current_setting('transaction_read_only')::boolean,
        has_database_privilege(current_database(), 'create'),
        has_schema_privilege(oid, 'usage'), has_schema_privilege(oid, 'create')
    from (values (true)) as always left join pg_namespace on nspname = $1";

/// A table that does not exist lacks none.
const MISSING: &str = "
    select string_agg(privilege, ', ' order by place)
    from unnest($2::text[]) with ordinality as wanted (privilege, place)
    where not has_table_privilege(to_regclass($1), privilege)";

/// The role, and what it may do with the schema.
#[derive(Debug)]
pub(crate) struct Rights<'a> {
    names: &'a Names,
    role: String,
    database: String,
    creates_schemas: bool,
    /// `None` where there is no such schema.
    creates_tables: Option<bool>,
}

impl<'a> Rights<'a> {
    /// Asks. A schema that may not be used is an error, and so is a server that writes nothing.
    pub(crate) async fn of(client: &Client, names: &'a Names) -> Result<Self, OpenError> {
        let row = client.query_typed_one(SCHEMA, &[(&names.schema, Type::TEXT)]).await?;
        if row.try_get(2)? {
            return Err(OpenError::ReadOnly);
        }
        let rights = Self {
            names,
            role: row.try_get(0)?,
            database: row.try_get(1)?,
            creates_schemas: row.try_get(3)?,
            creates_tables: row.try_get(5)?,
        };
        match row.try_get(4)? {
            Some(false) => Err(rights.lacks("usage", rights.schema())),
            Some(true) | None => Ok(rights),
        }
    }

    /// Whether the versions of the tables can be read.
    pub(crate) async fn check_reading_versions(&self, client: &Client) -> Result<(), OpenError> {
        self.check_table(client, "schema", &["select"]).await
    }

    /// Whether tables can be made that are not there yet.
    pub(crate) async fn check_creating_tables(&self, client: &Client) -> Result<(), OpenError> {
        match self.creates_tables {
            Some(true) => self.check_table(client, "schema", &["select", "insert", "update"]).await,
            Some(false) => Err(self.lacks("create", self.schema())),
            None if self.creates_schemas => Ok(()),
            None => Err(self.lacks("create", format!("database {}", self.database))),
        }
    }

    /// Whether a store can do all that it has to with its table.
    pub(crate) async fn check_using(&self, client: &Client, table: &str) -> Result<(), OpenError> {
        self.check_table(client, table, &["select", "insert", "update", "delete"]).await
    }

    async fn check_table(
        &self,
        client: &Client,
        table: &str,
        wanted: &[&str],
    ) -> Result<(), OpenError> {
        let table = self.names.fill_in(&format!("{{schema}}.{{prefix}}{table}"));
        let parameters: [Parameter<'_>; 2] = [(&table, Type::TEXT), (&wanted, Type::TEXT_ARRAY)];
        let missing = client.query_typed_one(MISSING, &parameters).await?;
        match missing.try_get::<_, Option<String>>(0)? {
            None => Ok(()),
            Some(missing) => Err(self.lacks(&missing, format!("table {table}"))),
        }
    }

    fn schema(&self) -> String {
        self.names.fill_in("schema {schema}")
    }

    fn lacks(&self, privileges: &str, on: String) -> OpenError {
        OpenError::NotPermitted { role: self.role.clone(), privileges: privileges.to_owned(), on }
    }
}
