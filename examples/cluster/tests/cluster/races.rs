//! Two commands at two servers at the same instant. The result must be that of one of the two
//! orders.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use tokio::join;
use tower_sqrl::identities::{Identity as Row, IdentityStore, KeyState};
use tower_sqrl::protocol::Idk;
use tower_sqrl_client::browser::Waiting;
use tower_sqrl_client::keys::{Iuk, UnlockPair};
use tower_sqrl_client::wire::{Command, Form, Tif};
use tower_sqrl_client::{Http, Identity, Session};
use tower_sqrl_postgres::PostgresIdentityStore;

use crate::site::{SERVERS, Site, exclusive};
use crate::visit::{Visit, client, idk};

const ROUNDS: usize = 1000;
const AT_ONCE: usize = 8;

/// The site, an identity and the number of the round.
struct Race {
    site: &'static Site,
    servers: Vec<Http>,
    store: PostgresIdentityStore,
    identity: Arc<Identity>,
    round: usize,
}

impl Race {
    async fn new() -> Self {
        let site = Site::shared();
        let identity = Arc::new(Identity::generate());
        Self {
            site,
            servers: site.per_server(),
            store: site.identities().await,
            identity,
            round: 0,
        }
    }

    /// Over the rounds, each pair of servers takes both parts.
    fn one(&self) -> &Http {
        &self.servers[self.round % SERVERS]
    }

    fn other(&self) -> &Http {
        &self.servers[(self.round + 1 + self.round / SERVERS % (SERVERS - 1)) % SERVERS]
    }

    async fn visit(&self) -> Visit {
        Visit::begin(&self.site.url, self.one().clone()).await
    }

    /// Returns clients of these identities at two servers that have both sent `query`.
    async fn contestants(
        &self,
        one: &Arc<Identity>,
        other: &Arc<Identity>,
    ) -> (Visit, Session, Session) {
        let (visit, second) = join!(self.visit(), self.visit());
        let (one, other) = join!(visit.query(one, self.one()), second.query(other, self.other()));
        (visit, one, other)
    }

    async fn state(&self, idk: &Idk) -> KeyState {
        self.store.look_up(idk, None).await.expect("an answer").idk
    }

    async fn live(&self, idk: &Idk) -> Option<Row> {
        match self.state(idk).await {
            KeyState::Live(identity) => Some(identity),
            KeyState::Unknown | KeyState::Superseded => None,
        }
    }

    async fn sign_in(&self, identity: &Arc<Identity>) -> Visit {
        let visit = self.visit().await;
        client(identity, self.other()).sign_in(&visit.sqrl_url).await.expect("a sign-in");
        visit
    }
}

/// Runs the rounds, some in parallel, and prints how often each outcome occurred.
async fn run<O: Debug + PartialEq>(orders: [O; 2], round: impl AsyncFn(&Race) -> O) {
    let _guard = exclusive().await;
    let counts = [AtomicUsize::new(0), AtomicUsize::new(0)];
    join_all((0..AT_ONCE).map(|_| async {
        let mut race = Race::new().await;
        for number in 0..ROUNDS / AT_ONCE {
            race.round = number;
            let outcome = round(&race).await;
            let order = orders.iter().position(|order| *order == outcome);
            let order = order.unwrap_or_else(|| panic!("{outcome:?} is neither of {orders:?}"));
            counts[order].fetch_add(1, Ordering::Relaxed);
        }
    }))
    .await;
    println!("{counts:?} of {orders:?}");
}

/// Sends both forms at the same instant.
async fn at_once(one: (&mut Session, Form), other: (&mut Session, Form)) -> (Tif, Tif) {
    let (one, other) = join!(one.0.post(one.1), other.0.post(other.1));
    (one.expect("a reply").tif, other.expect("a reply").tif)
}

fn request(session: &Session, command: &Command) -> Form {
    session.request(command).expect("an unlocked identity")
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: 1,000 rounds"]
async fn disable_against_ident() {
    // The tif of ident and of disable; whether the page gets the outcome; whether it can sign in.
    let ident_first = (Tif(5), Tif(0xd), true, false);
    let disable_first = (Tif(0x4d), Tif(0xd), false, false);
    run([ident_first, disable_first], async |race| {
        if race.round == 0 {
            race.sign_in(&race.identity).await;
        }
        let (visit, mut one, mut other) = race.contestants(&race.identity, &race.identity).await;
        let (ident, disable) = (request(&one, &Command::Ident), request(&other, &Command::Disable));
        let (ident, disable) = at_once((&mut one, ident), (&mut other, disable)).await;
        let row = race.live(&idk(&one)).await.expect("it is known");
        assert!(row.disabled, "an ident undid a disable");
        let has_outcome = visit.poll().await != Waiting::Pending;
        let signs_in = visit.get(&visit.signed_in(), race.other()).await.signs_in();
        assert_eq!(other.send(&Command::Enable).await.expect("a reply").tif, Tif(5));
        (ident, disable, has_outcome, signs_in)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: 1,000 rounds"]
async fn remove_against_ident() {
    // The tif of ident without keys and of remove; whether the identity is known; whether the page
    // can sign in.
    let ident_first = (Tif(5), Tif(4), false, false);
    let remove_first = (Tif(0xc4), Tif(4), false, false);
    run([ident_first, remove_first], async |race| {
        remove_and(race, |session| request(session, &Command::Ident)).await
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: 1,000 rounds"]
async fn remove_against_ident_with_keys() {
    // An ident with keys creates a new identity if it comes second.
    let ident_first = (Tif(5), Tif(4), false, false);
    let remove_first = (Tif(5), Tif(4), true, true);
    run([ident_first, remove_first], async |race| {
        remove_and(race, |session| {
            let pair = UnlockPair::generate(race.identity.ilk());
            session.sign(&session.params(&Command::Ident).with_pair(&pair))
        })
        .await
    })
    .await;
}

async fn remove_and(race: &Race, ident: impl Fn(&Session) -> Form) -> (Tif, Tif, bool, bool) {
    race.sign_in(&race.identity).await;
    let (visit, mut one, mut other) = race.contestants(&race.identity, &race.identity).await;
    let before = race.live(&idk(&one)).await.expect("it is known");
    let (ident, remove) = (ident(&one), request(&other, &Command::Remove));
    let (ident, remove) = at_once((&mut one, ident), (&mut other, remove)).await;
    let after = race.live(&idk(&one)).await;
    if let Some(after) = &after {
        assert_ne!(after.suk, before.suk, "a removed identity came back");
        assert!(after.epoch != before.epoch && after.user.is_none());
    }
    let signs_in = visit.get(&visit.signed_in(), race.other()).await.signs_in();
    (ident, remove, after.is_some(), signs_in)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: 1,000 rounds"]
async fn two_rekeys() {
    // The tif of both; which of the two has the account. The second one finds the previous
    // identity superseded, and becomes a new identity without an account.
    let one_first = (Tif(5), Tif(5), [true, false]);
    let other_first = (Tif(5), Tif(5), [false, true]);
    run([one_first, other_first], async |race| {
        let identity = Arc::new(Identity::generate());
        let visit = race.sign_in(&identity).await;
        assert!(visit.get(&visit.signed_in(), race.one()).await.signs_in());
        let rekeyed = || Arc::new(identity.rekey_to(Iuk::generate()).expect("unlocked"));
        let (_, mut one, mut other) = race.contestants(&rekeyed(), &rekeyed()).await;
        let previous = one.previous_key().expect("a previous identity").idk();
        let previous = Idk::from_bytes(*previous.as_bytes());
        let account = race.live(&previous).await.expect("it is known").user;
        assert!(account.is_some());
        let forms = [request(&one, &Command::Ident), request(&other, &Command::Ident)];
        assert!(forms.iter().all(|form| form.get("urs").is_some()));
        let [first, second] = forms;
        let (first, second) = at_once((&mut one, first), (&mut other, second)).await;
        assert_eq!(race.state(&previous).await, KeyState::Superseded);
        let has = async |session: &Session| {
            let user = race.live(&idk(session)).await.expect("it is known").user;
            assert!(user.is_none() || user == account);
            user.is_some()
        };
        (first, second, [has(&one).await, has(&other).await])
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: 1,000 rounds"]
async fn create_against_supersede() {
    // The tif of both; whether A and B are live. B needs the `urs` of A's owner to supersede A if A
    // is live.
    let create_first = (Tif(5), Tif(0xc6), [true, false]);
    let supersede_first = (Tif(0x244), Tif(5), [false, true]);
    run([create_first, supersede_first], async |race| {
        let a = Arc::new(Identity::generate());
        let b = Arc::new(a.rekey_to(Iuk::generate()).expect("unlocked"));
        let (_, mut one, mut other) = race.contestants(&a, &b).await;
        let (create, supersede) =
            (request(&one, &Command::Ident), request(&other, &Command::Ident));
        let (create, supersede) = at_once((&mut one, create), (&mut other, supersede)).await;
        let (a, b) = (idk(&one), idk(&other));
        let live = [race.live(&a).await.is_some(), race.live(&b).await.is_some()];
        assert_eq!(race.state(&a).await == KeyState::Superseded, live[1], "an entry is lost");
        (create, supersede, live)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: 1,000 rounds"]
async fn disable_against_collection() {
    // Whether the browser is signed in; the tif of disable; whether a second try signs in.
    let collected_first = (true, Tif(0xd), false);
    let disabled_first = (false, Tif(0xd), false);
    run([collected_first, disabled_first], async |race| {
        let visit = race.sign_in(&race.identity).await;
        let mut session = race.visit().await.query(&race.identity, race.other()).await;
        let disable = request(&session, &Command::Disable);
        let url = visit.signed_in();
        let (collected, disabled) = join!(visit.get(&url, race.one()), session.post(disable));
        let row = race.live(&idk(&session)).await.expect("it is known");
        assert!(row.disabled, "a collection undid a disable");
        let again = visit.get(&url, race.other()).await.signs_in();
        assert_eq!(session.send(&Command::Enable).await.expect("a reply").tif, Tif(5));
        (collected.signs_in(), disabled.expect("a reply").tif, again)
    })
    .await;
}
