use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;
use tower_sqrl_postgres::tokio_postgres::types::Type;

use super::Step;
use crate::failure::Failure;
use crate::tables::{Parameter, Tables};

/// Steps that are kept, of all servers; older ones are forgotten.
const MOST: usize = 500;
/// Steps on their way to the database; more are dropped: a sign-in does not wait for this.
const QUEUE: usize = MOST;
/// How long steps are gathered to be written together.
const GATHER: Duration = Duration::from_millis(50);

/// Where the steps are kept.
#[derive(Debug, Clone)]
pub(crate) struct Steps(Arc<Place>);

#[derive(Debug)]
enum Place {
    Memory(Mutex<VecDeque<Step>>),
    Postgres { queue: mpsc::Sender<Step>, tables: Tables },
}

impl Steps {
    pub(crate) fn in_memory() -> Self {
        Self(Arc::new(Place::Memory(Mutex::default())))
    }

    pub(crate) fn in_postgres(tables: Tables) -> Self {
        let (queue, steps) = mpsc::channel(QUEUE);
        tokio::spawn(write(tables.clone(), steps));
        Self(Arc::new(Place::Postgres { queue, tables }))
    }

    pub(crate) fn keep(&self, step: Step) {
        match &*self.0 {
            Place::Memory(steps) => {
                let mut steps = steps.lock().unwrap_or_else(PoisonError::into_inner);
                steps.truncate(MOST - 1);
                steps.push_front(step);
            }
            Place::Postgres { queue, .. } => drop(queue.try_send(step)),
        }
    }

    /// The newest steps of all servers, in order.
    pub(crate) async fn recent(&self) -> Result<Vec<Step>, Failure> {
        const SQL: &str = "select extract(epoch from at)::float8, server, step, label, leads_to
                           from demo_steps";
        let mut steps: Vec<Step> = match &*self.0 {
            Place::Memory(steps) => {
                steps.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
            }
            Place::Postgres { tables, .. } => {
                let rows = tables.query(SQL, &[]).await?;
                let step = |row: &tower_sqrl_postgres::tokio_postgres::Row| {
                    Ok::<_, Failure>(Step {
                        at: row.try_get(0)?,
                        server: row.try_get(1)?,
                        what: row.try_get(2)?,
                        label: row.try_get(3)?,
                        leads_to: row.try_get(4)?,
                    })
                };
                rows.iter().map(step).collect::<Result<_, _>>()?
            }
        };
        steps.sort_by(|a, b| a.at.total_cmp(&b.at));
        Ok(steps)
    }
}

async fn write(tables: Tables, mut steps: mpsc::Receiver<Step>) {
    // Labels have no spaces.
    const INSERT: &str = "with added as (
            insert into demo_steps (at, server, step, label, leads_to)
            select to_timestamp(at), server, step, label, string_to_array(leads_to, ' ')
            from unnest($1, $2, $3, $4, $5) as gathered (at, server, step, label, leads_to)
            returning number
        )
        delete from demo_steps where number <= (select max(number) from added) - $6";
    let most = i64::try_from(MOST).unwrap_or(i64::MAX);
    let mut gathered = Vec::new();
    while steps.recv_many(&mut gathered, QUEUE).await > 0 {
        sleep(GATHER).await;
        while let Ok(step) = steps.try_recv() {
            gathered.push(step);
        }
        let at: Vec<f64> = gathered.iter().map(|step| step.at).collect();
        let texts = |text: fn(&Step) -> &str| gathered.iter().map(text).collect::<Vec<_>>();
        let (servers, whats) = (texts(|step| &step.server), texts(|step| &step.what));
        let labels = texts(|step| &step.label);
        let leads_to: Vec<_> = gathered.iter().map(|step| step.leads_to.join(" ")).collect();
        let parameters: [Parameter<'_>; 6] = [
            (&at, Type::FLOAT8_ARRAY),
            (&servers, Type::TEXT_ARRAY),
            (&whats, Type::TEXT_ARRAY),
            (&labels, Type::TEXT_ARRAY),
            (&leads_to, Type::TEXT_ARRAY),
            (&most, Type::INT8),
        ];
        if let Err(error) = tables.query(INSERT, &parameters).await {
            tracing::debug!(%error, "steps are not kept");
        }
        gathered.clear();
    }
}

/// The steps of each sign-in, in order; the newest sign-in first.
pub(crate) fn by_sign_in(steps: &[Step]) -> Vec<Vec<&Step>> {
    let before: HashMap<&str, &str> = steps
        .iter()
        .flat_map(|step| step.leads_to.iter().map(|to| (&**to, &*step.label)))
        .collect();
    let begin = |step: &Step| -> String {
        let mut label = &*step.label;
        // Bounded, should somebody ever make a circle.
        for _ in 0..MOST {
            match before.get(label) {
                Some(earlier) => label = earlier,
                None => break,
            }
        }
        label.to_owned()
    };
    let mut sign_ins: Vec<(String, Vec<&Step>)> = Vec::new();
    for step in steps {
        let begin = begin(step);
        match sign_ins.iter_mut().find(|(label, _)| *label == begin) {
            Some((_, steps)) => steps.push(step),
            None => sign_ins.push((begin, vec![step])),
        }
    }
    sign_ins.into_iter().rev().map(|(_, steps)| steps).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(at: f64, label: &str, leads_to: &[&str]) -> Step {
        let leads_to = leads_to.iter().map(|&label| label.to_owned()).collect();
        Step { at, server: "a".into(), what: "b".into(), label: label.into(), leads_to }
    }

    #[test]
    fn steps_follow_from_each_other() {
        let steps = [
            step(1.0, "link", &[]),
            step(2.0, "other link", &[]),
            step(3.0, "link", &["next"]),
            step(4.0, "next", &["last", "cps"]),
            step(5.0, "cps", &[]),
            step(6.0, "circle", &["circle"]),
        ];
        let sign_ins = by_sign_in(&steps);
        let at = |steps: &Vec<&Step>| steps.iter().map(|step| step.at).collect::<Vec<_>>();
        let at: Vec<_> = sign_ins.iter().map(at).collect();
        assert_eq!(at, [vec![6.0], vec![2.0], vec![1.0, 3.0, 4.0, 5.0]]);
    }

    #[test]
    fn no_more_than_enough_are_kept() {
        let steps = Steps::in_memory();
        for _ in 0..2 * MOST {
            steps.keep(step(1.0, "x", &[]));
        }
        let Place::Memory(kept) = &*steps.0 else { panic!("in memory") };
        assert_eq!(kept.lock().expect("nobody panicked").len(), MOST);
    }
}
