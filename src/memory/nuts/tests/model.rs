//! The store beside a model that is too simple to be wrong.

use proptest::prelude::*;
use tokio::time::{Instant, advance};

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Create { nut: u8, ip: u8, state: NutState, seconds: u64 },
    Get { nut: u8, state: NutState },
    Take { nut: u8, state: NutState },
    Wait { millis: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let state = || prop_oneof![2 => Just(NutState::Pending), 1 => Just(NutState::Authorized)];
    prop_oneof![
        4 => (0..30u8, 0..4u8, state(), 0..20u64)
            .prop_map(|(nut, ip, state, seconds)| Step::Create { nut, ip, state, seconds }),
        2 => (0..30u8, state()).prop_map(|(nut, state)| Step::Get { nut, state }),
        2 => (0..30u8, state()).prop_map(|(nut, state)| Step::Take { nut, state }),
        1 => (0..4000u64).prop_map(|millis| Step::Wait { millis }),
    ]
}

/// Records in the order in which they came.
#[derive(Default)]
struct Model(Vec<(Nut, NutState, NutInfo, Instant)>);

impl Model {
    const CAPACITY: usize = 12;

    fn expire(&mut self) {
        self.0.retain(|(.., end)| *end > Instant::now());
    }

    fn find(&self, nut: Nut, state: NutState) -> Option<usize> {
        self.0.iter().position(|(other, kind, ..)| *other == nut && *kind == state)
    }

    fn held_by(&self, ip: IpAddr, of: NutState) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().filter_map(move |(at, (_, state, info, _))| {
            (*state == of && info.ip == ip).then_some(at)
        })
    }

    /// Which addresses hold most of more records of a kind than there is room for; none if there
    /// is room.
    fn largest(&self, of: NutState) -> Vec<IpAddr> {
        let kind = self.0.iter().filter(|(_, state, ..)| *state == of);
        let ips: Vec<_> = kind.map(|(_, _, info, _)| info.ip).collect();
        if ips.len() <= Self::CAPACITY {
            return Vec::new();
        }
        let most = ips.iter().map(|ip| self.held_by(*ip, of).count()).max();
        ips.into_iter().filter(|ip| Some(self.held_by(*ip, of).count()) == most).collect()
    }
}

fn key(number: u8) -> Nut {
    Nut::from_bytes([number; 16])
}

async fn play(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let store = MemoryNutStore::with_capacity(Model::CAPACITY);
    let mut model = Model::default();
    for step in steps {
        model.expire();
        match step {
            Step::Create { nut, ip, state, seconds } => {
                let (nut, info) = (key(nut), asked_from([192, 0, 2, ip]));
                let ttl = Duration::from_secs(seconds);
                let created = store.store_nut(&nut, &info, state, ttl).await;
                if model.find(nut, state).is_some() {
                    prop_assert!(created.is_err_and(|error| error.is_conflict()));
                    continue;
                }
                prop_assert!(created.is_ok());
                model.0.push((nut, state, info, Instant::now() + ttl));
                // One that expires at once is the first to go.
                model.expire();
                let mut candidates = model.largest(state);
                if candidates.is_empty() {
                    continue;
                }
                // Where several hold most, it is the store's choice, but one's oldest.
                let mut gone = Vec::new();
                candidates.sort();
                candidates.dedup();
                for ip in candidates {
                    let oldest = model.held_by(ip, state).next().expect("who holds most holds one");
                    if store.get_nut(&model.0[oldest].0, state).await.unwrap().is_none() {
                        gone.push(oldest);
                    }
                }
                prop_assert_eq!(gone.len(), 1, "just one is evicted");
                model.0.remove(gone[0]);
            }
            Step::Get { nut, state } => {
                let found = store.get_nut(&key(nut), state).await.unwrap();
                let right = model.find(key(nut), state).map(|at| model.0[at].2.clone());
                prop_assert_eq!(found, right);
            }
            Step::Take { nut, state } => {
                let taken = store.remove_nut(&key(nut), state).await.unwrap();
                let right = model.find(key(nut), state).map(|at| model.0.remove(at).2);
                prop_assert_eq!(taken, right);
            }
            Step::Wait { millis } => advance(Duration::from_millis(millis)).await,
        }
    }
    model.expire();
    for number in 0..30 {
        for state in [NutState::Pending, NutState::Authorized] {
            let found = store.get_nut(&key(number), state).await.unwrap();
            let right = model.find(key(number), state).map(|at| model.0[at].2.clone());
            prop_assert_eq!(found, right);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn the_store_does_what_the_model_does(steps in prop::collection::vec(step(), 0..300)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(play(steps))?;
    }
}
