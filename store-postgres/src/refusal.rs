use std::fmt;

use tokio_postgres::error::{DbError, SqlState};

/// What the server says about a failure, as far as it may be logged.
///
/// Its detail shows the row, which holds nuts, CPS ids, keys and accounts; hint and context
/// may. They are left behind.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: SqlState,
    pub(crate) constraint: Option<String>,
    table: Option<String>,
    message: String,
}

impl Refusal {
    pub(crate) fn of(error: &DbError) -> Self {
        Self {
            code: error.code().clone(),
            constraint: error.constraint().map(str::to_owned),
            table: error.table().map(str::to_owned),
            message: error.message().to_owned(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (SQLSTATE {}", self.message, self.code.code())?;
        let names = [("table", &self.table), ("constraint", &self.constraint)];
        for (kind, name) in names {
            if let Some(name) = name {
                write!(f, ", {kind} {name}")?;
            }
        }
        f.write_str(")")
    }
}

impl std::error::Error for Refusal {}
