//! Every attack, on a server with all guards and on the same server without one of them. An attack
//! that works is reported, and one that is reported as refused could have worked.
#![cfg(feature = "attack")]

mod command;
mod vulnerable_server;
mod vulnerable_site;

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tower_sqrl_client::attack::{Attack, AttackError, Report, Verdict};
use vulnerable_server::Vulnerability::{self, *};

/// Vulnerabilities, and the attacks that work then.
const VULNERABILITIES: &[(&[Vulnerability], &[&str])] = &[
    (&[TrustsQueryIdk], &["1a", "4c"]),
    (&[SkipsIds], &["1b", "1c", "4b", "12a"]),
    (&[SkipsPids], &["2a"]),
    (&[SkipsPids, SkipsUrs], &["2a", "2b", "2c", "3a"]),
    (&[SkipsPids, TrustsRequestVuk], &["2a", "2b", "2c", "3a"]),
    (&[TrustsUnprovedPidk], &["2a"]),
    (&[SkipsUrs], &["2b", "2c", "3a"]),
    (&[TrustsRequestVuk], &["2b", "2c", "3a"]),
    (&[SkipsUrsWithoutRekey], &["2c"]),
    (&[ForgetsSuperseded], &["3b"]),
    (&[FollowsSuccessor], &["3b"]),
    (&[AnyPollEndsWait], &["4a"]),
    (&[LandingNeedsNoCookie], &["4a", "13c", "13e"]),
    (&[LandingNeedsNoCookie, PollsNeedNoCookie], &["4a", "13c", "13e"]),
    (&[ConsumesBeforeVerifying], &["4b", "4c", "4d"]),
    (&[SkipsAddress], &["4d", "14a"]),
    (&[AnyIdentityContinuesChain], &["4c"]),
    (&[ReusesNuts], &["5a", "5b", "6b"]),
    (&[SkipsServer], &["5c", "7a", "7b"]),
    (&[CpsInAnyBrowser, ReusesCps], &["5d", "13a", "13d"]),
    (&[AcceptsUnknownNuts], &["5a", "5b", "6a", "6b"]),
    (&[AcceptsWeakKeys], &["12a", "12b"]),
    (&[CpsInAnyBrowser], &["13a", "13d"]),
    (&[AnySiteConfirms], &["13b"]),
    (&[RemoteCpsEndsWait], &["4e"]),
    (&[AcceptsAnyCan], &["10a"]),
    (&[CutsLongBodies], &["11a"]),
    (&[RemoteCpsSignsIn], &["13d"]),
    (&[TrimsUnicodeSpace], &["13e"]),
    (&[CommandPageNeedsNoCookie], &["13f"]),
    (&[LinksRemoteClients], &["14a"]),
    (&[FirstUrlOutlivesSignIn], &["14b"]),
    (&[AnswersPrefetch], &["15b"]),
    (&[AnswersSubresources], &["15c"]),
    (&[IgnoresNonAsciiCookies], &["15d"]),
    (&[CountsForms], &["15a"]),
    (&[LimitsValidRequests], &["16c"]),
    (&[UnlimitedWrites], &["16a"]),
    (&[UnlimitedRecords], &["16b"]),
    // Other guards protect what these two protect.
    (&[PollsNeedNoCookie], &[]),
    (&[ReusesCps], &[]),
];

async fn attack(vulnerabilities: &[Vulnerability]) -> Report {
    let page = vulnerable_site::start(vulnerabilities).await;
    Attack::new(page).run(|_| {}).await.expect("a report")
}

/// Returns the numbers of the attacks with a verdict.
fn numbers(report: &Report, is: fn(&Verdict) -> bool) -> Vec<&'static str> {
    report.findings.iter().filter(|finding| is(&finding.verdict)).map(|f| f.number).collect()
}

#[tokio::test]
async fn with_all_guards_all_attacks_are_refused() {
    let report = attack(&[]).await;
    assert!(report.all_refused() && !report.any_worked(), "{}", report.to_json());
    assert_eq!(report.left_behind, 0);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "slow: runs all attacks four dozen times"]
async fn without_a_guard_its_attacks_work() {
    // A few at a time, because attacks on rate limits depend on time.
    let turns = Arc::new(Semaphore::new(4));
    let runs = VULNERABILITIES.iter().map(|(vulnerabilities, expected)| {
        let turns = Arc::clone(&turns);
        tokio::spawn(async move {
            let _turn = turns.acquire().await.expect("open");
            let report = attack(vulnerabilities).await;
            let worked = numbers(&report, |verdict| matches!(verdict, Verdict::Worked { .. }));
            assert_eq!(worked, *expected, "{vulnerabilities:?}: {}", report.to_json());
            (worked, report.findings)
        })
    });
    let (mut proved, mut all) = (BTreeSet::new(), BTreeSet::new());
    for run in runs.collect::<Vec<_>>() {
        let (worked, findings) = run.await.expect("as expected");
        proved.extend(worked);
        all.extend(findings.iter().map(|finding| finding.number));
    }
    assert_eq!(proved, all, "each attack works at least once");
}

#[tokio::test]
async fn what_a_server_lacks_is_reported_as_not_tried() {
    let report = attack(&[NoCps]).await;
    let not_tried = numbers(&report, |verdict| matches!(verdict, Verdict::CouldNotTry { .. }));
    assert_eq!(not_tried, ["4e", "5d", "13a", "13b", "13d", "13f"]);
    assert!(!report.all_refused() && !report.any_worked());
}

/// Returns the verdict of one attack.
fn verdict(report: &Report, number: &str) -> Verdict {
    let found = report.findings.iter().find(|finding| finding.number == number);
    found.expect("an attack of that number").verdict.clone()
}

#[tokio::test]
async fn landing_pages_may_differ_per_user() {
    let open =
        [CpsInAnyBrowser, ReusesCps, AnySiteConfirms, LandingNeedsNoCookie, LandingPagePerUser]
            .as_slice();
    let report = attack(open).await;
    let worked = numbers(&report, |verdict| matches!(verdict, Verdict::Worked { .. }));
    assert_eq!(worked, ["4a", "5d", "13a", "13c", "13d", "13e"], "{}", report.to_json());
    let report = attack(&[AnySiteConfirms, LandingPagePerUser]).await;
    let worked = numbers(&report, |verdict| matches!(verdict, Verdict::Worked { .. }));
    assert_eq!(worked, ["13b"], "{}", report.to_json());
    let report = attack(&[LandingPagePerUser]).await;
    assert!(report.all_refused(), "{}", report.to_json());
}

#[tokio::test]
async fn pages_that_show_no_user_make_attacks_inconclusive() {
    let open =
        [CpsInAnyBrowser, ReusesCps, AnySiteConfirms, LandingNeedsNoCookie, NamesNobody].as_slice();
    let report = attack(open).await;
    let not_tried = numbers(&report, |verdict| matches!(verdict, Verdict::CouldNotTry { .. }));
    assert_eq!(
        not_tried,
        ["1a", "2a", "3b", "4a", "5d", "13a", "13b", "13c", "13d", "13e", "14a", "14b",],
        "{}",
        report.to_json()
    );
    let Verdict::CouldNotTry { why } = verdict(&report, "13a") else { panic!("tried") };
    assert_eq!(why, "the site's pages do not show who is signed in");
}

#[tokio::test]
#[ignore = "slow: waits until SQRL URLs have expired"]
async fn attacks_wait_for_urls_that_expire_soon() {
    let report = attack(&[ShortLifetime, RenewsExpiredUrls, ForgetsCollectedWaits]).await;
    let worked = numbers(&report, |verdict| matches!(verdict, Verdict::Worked { .. }));
    assert_eq!(worked, ["4f", "14c"], "{}", report.to_json());
    assert!(!report.not_over_http.iter().any(|one| worked.contains(&one.number)));
    let report = attack(&[ShortLifetime]).await;
    for number in worked {
        let tried = verdict(&report, number);
        assert!(matches!(tried, Verdict::Refused { .. }), "{}", report.to_json());
    }
}

#[tokio::test]
async fn a_linking_page_can_be_named() {
    for (named, word) in [("/link", "WORKED"), ("/home", "not tried")] {
        let page = vulnerable_site::start(&[LinksRemoteClients]).await;
        let mut attack = Attack::new(&page);
        attack.linking_page = Some(named.to_owned());
        let report = attack.run(|_| {}).await.expect("a report");
        assert_eq!(verdict(&report, "14a").to_string(), word, "{named}: {}", report.to_json());
    }
    let mut attack = Attack::new(vulnerable_site::start(&[]).await);
    attack.linking_page = Some("javascript:alert(1)".to_owned());
    let error = attack.run(|_| panic!("a finding")).await.expect_err("no page");
    assert!(matches!(error, AttackError::LinkingPage(_)), "{error}");
}

#[tokio::test]
async fn attacks_from_another_address_need_one() {
    let page = vulnerable_site::start_on_one_address(&[SkipsAddress]).await;
    let report = Attack::new(page).run(|_| {}).await.expect("a report");
    let not_tried = numbers(&report, |verdict| matches!(verdict, Verdict::CouldNotTry { .. }));
    assert_eq!(not_tried, ["4d", "4e", "13d", "14a"], "{}", report.to_json());
}

#[tokio::test]
async fn a_rate_limit_is_inconclusive() {
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
async fn all_forms_of_the_confirmation_page_are_tried() {
    let report = attack(&[AnySiteConfirms, SearchFormFirst]).await;
    let worked = numbers(&report, |verdict| matches!(verdict, Verdict::Worked { .. }));
    assert_eq!(worked, ["13b"], "{}", report.to_json());
}

/// Vulnerabilities that an earlier version reported as refused.
#[tokio::test]
async fn vulnerabilities_behind_other_guards_are_found() {
    for (vulnerability, number) in
        [(FollowsSuccessor, "3b"), (TrustsUnprovedPidk, "2a"), (SkipsUrsWithoutRekey, "2c")]
    {
        let report = attack(&[vulnerability]).await;
        let worked = numbers(&report, |verdict| matches!(verdict, Verdict::Worked { .. }));
        assert_eq!(worked, [number], "{vulnerability:?}: {}", report.to_json());
    }
}

#[tokio::test]
async fn a_failing_honest_sign_in_is_an_error() {
    let page = vulnerable_site::start(&[RejectsNewIdentities]).await;
    let error = Attack::new(&page).run(|_| panic!("a finding")).await.expect_err("no sign-in");
    assert!(matches!(&error, AttackError::Control(why) if why.contains("tif 44")), "{error}");
    // A page without a SQRL URL.
    let page = page.replace("/login", "/home");
    let error = Attack::new(page).run(|_| panic!("a finding")).await.expect_err("no SQRL URL");
    assert!(matches!(&error, AttackError::Control(why) if why.contains("no SQRL URL")), "{error}");
}

#[tokio::test]
async fn other_machines_need_confirmation() {
    let refused = Attack::new("http://192.0.2.1/login").run(|_| {}).await;
    let error = refused.expect_err("another machine");
    assert!(matches!(error, AttackError::NotLoopback(_)), "{error}");
    // A page of this machine cannot direct the attacks to another machine.
    let elsewhere = vulnerable_site::start_at("http://192.0.2.1").await;
    let report = Attack::new(elsewhere).run(|_| {}).await.expect("a report");
    assert!(report.all_refused(), "{}", report.to_json());
}
