//! Every attack, against a server without one of its guards and against the same with all of
//! them: what has worked is reported, and what is reported as refused could have worked.
#![cfg(feature = "attack")]

mod command;
mod naive;
mod naive_site;

use std::collections::BTreeSet;
use std::sync::Arc;

use naive::Hole::{self, *};
use tokio::sync::Semaphore;
use tower_sqrl_client::attack::{Attack, AttackError, Report, Verdict};

/// What is left out, and the attacks that work then.
const HOLES: &[(&[Hole], &[&str])] = &[
    (&[RemembersTheQuery], &["1a", "4c"]),
    (&[SkipsIds], &["1b", "1c", "4b", "12a"]),
    (&[SkipsPids], &["2a"]),
    (&[SkipsPids, SkipsUrs], &["2a", "2b", "2c", "3a"]),
    (&[SkipsPids, TakesThePresentedVuk], &["2a", "2b", "2c", "3a"]),
    (&[TrustsPidkInPlace], &["2a"]),
    (&[SkipsUrs], &["2b", "2c", "3a"]),
    (&[TakesThePresentedVuk], &["2b", "2c", "3a"]),
    (&[SkipsUrsInPlace], &["2c"]),
    (&[ForgetsSuperseded], &["3b"]),
    (&[LeadsOn], &["3b"]),
    (&[AnyBrowserEndsTheWait], &["4a"]),
    (&[LandsAnyBrowser], &["4a", "13c", "13e"]),
    (&[LandsAnyBrowser, TellsAnyBrowser], &["4a", "13c", "13e"]),
    (&[BurnsFirst], &["4b", "4c", "4d"]),
    (&[SkipsAddress], &["4d", "14a"]),
    (&[AnybodyGoesOn], &["4c"]),
    (&[ReusesNuts], &["5a", "5b", "6b"]),
    (&[SkipsServer], &["5c", "7a", "7b"]),
    (&[CpsInAnyBrowser, ReusesCps], &["5d", "13a", "13d"]),
    (&[TakesMadeUpNuts], &["5a", "5b", "6a", "6b"]),
    (&[TakesWeakKeys], &["12a", "12b"]),
    (&[CpsInAnyBrowser], &["13a", "13d"]),
    (&[AnySiteConfirms], &["13b"]),
    (&[TakesOverFromElsewhere], &["4e"]),
    (&[TakesAnyCan], &["10a"]),
    (&[CutsLongBodies], &["11a"]),
    (&[CpsFromElsewhere], &["13d"]),
    (&[TrimsWide], &["13e"]),
    (&[TellsByALink], &["13f"]),
    (&[LinksFromElsewhere], &["14a"]),
    (&[KeepsTheFirstCode], &["14b"]),
    (&[AnswersPrefetch], &["15b"]),
    (&[AnswersParts], &["15c"]),
    (&[DropsForeignCookies], &["15d"]),
    (&[CountsForms], &["15a"]),
    (&[SlowsTheRightOnes], &["16c"]),
    (&[WritesWithoutEnd], &["16a"]),
    (&[KeepsWithoutEnd], &["16b"]),
    // What is behind these guards is behind others, too.
    (&[TellsAnyBrowser], &[]),
    (&[ReusesCps], &[]),
];

async fn attack(holes: &[Hole]) -> Report {
    let page = naive_site::start(holes).await;
    Attack::new(page).run(|_| {}).await.expect("a report")
}

/// The numbers of the attacks that came to that.
fn numbers(report: &Report, is: fn(&Verdict) -> bool) -> Vec<&'static str> {
    report.findings.iter().filter(|finding| is(&finding.verdict)).map(|f| f.number).collect()
}

#[tokio::test]
async fn with_every_guard_all_are_refused() {
    let report = attack(&[]).await;
    assert!(report.all_refused() && !report.any_worked(), "{}", report.to_json());
    assert_eq!(report.left_behind, 0);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: four dozen times all attacks"]
async fn without_a_guard_it_is_said_what_works() {
    // A few at a time: what an address gets done within a minute says something only then.
    let turns = Arc::new(Semaphore::new(4));
    let runs = HOLES.iter().map(|(holes, expected)| {
        let turns = Arc::clone(&turns);
        tokio::spawn(async move {
            let _turn = turns.acquire().await.expect("open");
            let report = attack(holes).await;
            let worked = numbers(&report, |verdict| matches!(verdict, Verdict::Worked { .. }));
            assert_eq!(worked, *expected, "{holes:?}: {}", report.to_json());
            (worked, report.findings)
        })
    });
    let (mut proved, mut all) = (BTreeSet::new(), BTreeSet::new());
    for run in runs.collect::<Vec<_>>() {
        let (worked, findings) = run.await.expect("as expected");
        proved.extend(worked);
        all.extend(findings.iter().map(|finding| finding.number));
    }
    assert_eq!(proved, all, "each has been seen to work");
}

#[tokio::test]
async fn what_a_server_has_not_is_not_called_refused() {
    let report = attack(&[HasNoCps]).await;
    let not_tried = numbers(&report, |verdict| matches!(verdict, Verdict::CouldNotTry { .. }));
    assert_eq!(not_tried, ["4e", "5d", "13a", "13b", "13d", "13f"]);
    assert!(!report.all_refused() && !report.any_worked());
}

/// What came of one attack: what has worked, and nothing else, must not be called refused.
fn verdict(report: &Report, number: &str) -> Verdict {
    let found = report.findings.iter().find(|finding| finding.number == number);
    found.expect("an attack of that number").verdict.clone()
}

#[tokio::test]
async fn a_page_of_ones_own_is_where_to_look() {
    let open =
        [CpsInAnyBrowser, ReusesCps, AnySiteConfirms, LandsAnyBrowser, LandsPerUser].as_slice();
    let report = attack(open).await;
    let worked = numbers(&report, |verdict| matches!(verdict, Verdict::Worked { .. }));
    assert_eq!(worked, ["4a", "5d", "13a", "13c", "13d", "13e"], "{}", report.to_json());
    let report = attack(&[AnySiteConfirms, LandsPerUser]).await;
    let worked = numbers(&report, |verdict| matches!(verdict, Verdict::Worked { .. }));
    assert_eq!(worked, ["13b"], "{}", report.to_json());
    let report = attack(&[LandsPerUser]).await;
    assert!(report.all_refused(), "{}", report.to_json());
}

#[tokio::test]
async fn where_pages_name_nobody_nobody_is_seen() {
    let open =
        [CpsInAnyBrowser, ReusesCps, AnySiteConfirms, LandsAnyBrowser, NamesNobody].as_slice();
    let report = attack(open).await;
    let not_tried = numbers(&report, |verdict| matches!(verdict, Verdict::CouldNotTry { .. }));
    assert_eq!(
        not_tried,
        ["1a", "2a", "3b", "4a", "5d", "13a", "13b", "13c", "13d", "13e", "14a", "14b",],
        "{}",
        report.to_json()
    );
    let Verdict::CouldNotTry { why } = verdict(&report, "13a") else { panic!("tried") };
    assert_eq!(why, "this site does not show who is signed in");
}

#[tokio::test]
#[ignore = "slow: waits until codes have grown old"]
async fn codes_that_expire_soon_are_waited_for() {
    let report = attack(&[ShortLived, SecondLife, ForgetsTheCollected]).await;
    let worked = numbers(&report, |verdict| matches!(verdict, Verdict::Worked { .. }));
    assert_eq!(worked, ["4f", "14c"], "{}", report.to_json());
    assert!(!report.elsewhere.iter().any(|one| worked.contains(&one.number)));
    let report = attack(&[ShortLived]).await;
    for number in worked {
        let tried = verdict(&report, number);
        assert!(matches!(tried, Verdict::Refused { .. }), "{}", report.to_json());
    }
}

#[tokio::test]
async fn a_linking_page_can_be_named() {
    for (named, word) in [("/link", "WORKED"), ("/home", "not tried")] {
        let page = naive_site::start(&[LinksFromElsewhere]).await;
        let mut attack = Attack::new(&page);
        attack.linking_page = Some(named.to_owned());
        let report = attack.run(|_| {}).await.expect("a report");
        assert_eq!(verdict(&report, "14a").word(), word, "{named}: {}", report.to_json());
    }
    let mut attack = Attack::new(naive_site::start(&[]).await);
    attack.linking_page = Some("javascript:alert(1)".to_owned());
    let error = attack.run(|_| panic!("a finding")).await.expect_err("no page");
    assert!(matches!(error, AttackError::LinkingPage(_)), "{error}");
}

#[tokio::test]
async fn from_one_address_nobody_is_elsewhere() {
    let page = naive_site::start_on_one_address(&[SkipsAddress]).await;
    let report = Attack::new(page).run(|_| {}).await.expect("a report");
    let not_tried = numbers(&report, |verdict| matches!(verdict, Verdict::CouldNotTry { .. }));
    assert_eq!(not_tried, ["4d", "4e", "13d", "14a"], "{}", report.to_json());
}

#[tokio::test]
async fn a_limiter_is_no_guard() {
    let report = attack(&[ReusesNuts, LimitsBursts]).await;
    for number in ["5a", "5b"] {
        let Verdict::CouldNotTry { why } = verdict(&report, number) else {
            panic!("{}", report.to_json())
        };
        assert!(why.contains("HTTP 503"), "{number}: {why}");
    }
    let worked = numbers(&report, |verdict| matches!(verdict, Verdict::Worked { .. }));
    assert_eq!(worked, ["6b"], "{}", report.to_json());
}

#[tokio::test]
async fn the_form_that_asks_need_not_be_the_first() {
    let report = attack(&[AnySiteConfirms, HasASearchForm]).await;
    let worked = numbers(&report, |verdict| matches!(verdict, Verdict::Worked { .. }));
    assert_eq!(worked, ["13b"], "{}", report.to_json());
}

/// The guards whose lack was once called refused, in the ordinary run.
#[tokio::test]
async fn what_only_another_look_finds() {
    for (hole, number) in [(LeadsOn, "3b"), (TrustsPidkInPlace, "2a"), (SkipsUrsInPlace, "2c")] {
        let report = attack(&[hole]).await;
        let worked = numbers(&report, |verdict| matches!(verdict, Verdict::Worked { .. }));
        assert_eq!(worked, [number], "{hole:?}: {}", report.to_json());
    }
}

#[tokio::test]
async fn where_nobody_signs_in_nothing_is_said() {
    let page = naive_site::start(&[TakesNobodyNew]).await;
    let error = Attack::new(&page).run(|_| panic!("a finding")).await.expect_err("no control");
    assert!(matches!(&error, AttackError::Control(why) if why.contains("tif 44")), "{error}");
    // A page without a link.
    let page = page.replace("/login", "/home");
    let error = Attack::new(page).run(|_| panic!("a finding")).await.expect_err("no link");
    assert!(matches!(&error, AttackError::Control(why) if why.contains("no SQRL link")), "{error}");
}

#[tokio::test]
async fn only_this_machine_unless_it_is_said() {
    let refused = Attack::new("http://192.0.2.1/login").run(|_| {}).await;
    let error = refused.expect_err("somebody else's");
    assert!(matches!(error, AttackError::NotLoopback(_)), "{error}");
    // Nor is a page of this machine's a way to somebody else.
    let elsewhere = naive_site::start_at("http://192.0.2.1").await;
    let report = Attack::new(elsewhere).run(|_| {}).await.expect("a report");
    assert!(report.all_refused(), "{}", report.to_json());
}
