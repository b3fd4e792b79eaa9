use super::{Texts, translation};

impl Texts {
    /// The texts in German.
    pub fn german() -> Self {
        translation! {
            lang: "de",
            dir: "ltr",

            title: "Anmelden",
            heading: "Anmelden",
            intro: "Ohne Passwort, nur mit Ihrer SQRL-App.",
            button: "Mit SQRL anmelden",
            scan: "oder mit dem Handy scannen",
            scan_on_phone: "oder mit einem anderen Gerät scannen",
            qr_alt: "QR-Code zum Scannen mit einer SQRL-App",
            about_heading: "Was ist SQRL?",
            about: "Mit SQRL melden Sie sich mit einer Identität an, die nur Sie besitzen: in einer App \
                auf Ihrem eigenen Gerät. Sie geben dieser Website weder ein Passwort noch eine \
                E-Mail-Adresse. Die Website erhält nur einen Schlüssel, der allein für sie erzeugt \
                wurde und anderswo nutzlos ist.",
            install_heading: "Noch keine SQRL-App?",
            install: "Installieren Sie eine SQRL-App auf diesem Gerät oder auf Ihrem Handy und legen \
                Sie darin Ihre Identität an. Kehren Sie dann zu dieser Seite zurück und drücken Sie die \
                Schaltfläche, oder scannen Sie den Code.",
            install_link: "Eine SQRL-App finden",
            install_url: "https://www.grc.com/sqrl/sqrl.htm",
            no_script: "JavaScript ist ausgeschaltet. Deshalb bemerkt diese Seite nicht, wenn Sie sich \
                angemeldet haben. Die Schaltfläche und der Code funktionieren. Sobald Ihre SQRL-App die \
                Anmeldung bestätigt, geht es hier weiter:",
            no_script_link: "Ich habe mich angemeldet: weiter",

            waiting: "Warten auf Ihre SQRL-App.",
            probing: "Die SQRL-App auf diesem Gerät wird gesucht …",
            permission: "Die SQRL-App auf diesem Gerät wird gesucht. Falls Ihr Browser fragt, ob diese \
                Seite auf Apps auf diesem Gerät zugreifen darf, erlauben Sie es.",
            jumping: "Weiter geht es in Ihrer SQRL-App.",
            no_client: "Auf diesem Gerät hat keine SQRL-App geantwortet. Falls Ihr Browser fragt, ob er \
                die App öffnen soll, erlauben Sie es. Andernfalls scannen Sie den Code mit einem \
                anderen Gerät.",
            denied: "Ihr Browser lässt diese Seite nicht nach der SQRL-App auf diesem Gerät suchen. Ist \
                die App geöffnet, machen Sie dort weiter. Andernfalls scannen Sie den Code mit einem \
                anderen Gerät.",
            jump: "Weiter in meiner SQRL-App",
            renewed: "Der Code wurde erneuert. Warten auf Ihre SQRL-App.",
            offline: "Die Verbindung ist unterbrochen. Neuer Versuch …",
            signed_in: "Angemeldet. Einen Moment …",
            taken_over: "Machen Sie in dem Fenster weiter, das Ihre SQRL-App geöffnet hat. Diese Seite \
                können Sie schließen.",
            collected: "Diese Anmeldung wurde bereits verwendet.",
            begun: "Dieser Code wird bereits verwendet. Schließen Sie die Anmeldung in Ihrer SQRL-App \
                ab, oder fordern Sie einen neuen Code an.",
            refused_new: "Diese Website kennt Ihre SQRL-Identität nicht und nimmt keine neuen an.",
            refused_disabled: "Ihre SQRL-Identität ist auf dieser Website deaktiviert. Aktivieren Sie \
                sie mit Ihrer SQRL-App und Ihrem Rettungscode.",
            refused_superseded: "Sie haben diese SQRL-Identität durch eine neuere ersetzt. Melden Sie \
                sich mit der neueren an.",
            evicted: "In diesem Browser sind zu viele Anmeldeseiten geöffnet. Der Code auf dieser Seite \
                gilt nicht mehr.",
            expired: "Dieser Code ist abgelaufen.",
            failed: "Etwas ist schiefgegangen. Bitte versuchen Sie es noch einmal.",
            reload: "Neuer Code",

            confirm_heading: "Als {who} anmelden?",
            confirm_account_heading: "In einem bestehenden Konto anmelden?",
            confirm_new_heading: "Mit einer neuen Identität anmelden?",
            confirm_warning: "Fahren Sie nur fort, wenn Sie sich gerade selbst angemeldet haben, mit \
                Ihrer eigenen SQRL-App. Brechen Sie ab, wenn Sie jemand hierher geschickt hat oder wenn \
                Sie nicht wissen, warum Sie diese Seite sehen. Sonst würden Sie im Konto einer anderen \
                Person angemeldet.",
            confirm_button: "Fortfahren",
            confirm_cancel: "Abbrechen",

            to_sign_in: "Zur Anmeldeseite",
            try_again: "Noch einmal versuchen",
            url_expired_heading: "Diese Adresse gilt nicht mehr",
            url_expired: "Jede Adresse aus Ihrer SQRL-App gilt nur einmal und nur für kurze Zeit. Sie \
                wurden nicht angemeldet. Bitte melden Sie sich noch einmal an.",
            done_heading: "Erledigt",
            done: "Ihre SQRL-App ist fertig. Sie können diese Seite schließen.",
            disabled_heading: "Identität deaktiviert",
            disabled: "Mit Ihrer SQRL-Identität kann sich hier niemand mehr anmelden. Nur Sie können sie \
                wieder aktivieren, mit Ihrer SQRL-App und Ihrem Rettungscode.",
            enabled_heading: "Identität aktiviert",
            enabled: "Mit Ihrer SQRL-Identität können Sie sich hier wieder anmelden.",
            removed_heading: "Identität entfernt",
            removed: "Diese Website hat Ihre SQRL-Identität gelöscht.",
            expired_heading: "Diese Anmeldung ist abgelaufen",
            expired_message: "Sie wurde nicht rechtzeitig abgeschlossen. Sie sind nicht angemeldet. \
                Bitte beginnen Sie noch einmal.",
            collected_heading: "Diese Anmeldung wurde bereits verwendet",
            collected_message: "Jede Anmeldung gilt nur einmal. Bitte melden Sie sich noch einmal an.",
            taken_over_heading: "Weiter im anderen Fenster",
            taken_over_message: "Machen Sie in dem Fenster weiter, das Ihre SQRL-App geöffnet hat.",
            pending_heading: "Noch nicht angemeldet",
            pending: "Ihre SQRL-App hat noch nicht geantwortet. Schließen Sie die Anmeldung dort ab, und \
                versuchen Sie es dann noch einmal.",
            refused_heading: "Nicht angemeldet",
            unavailable_heading: "Etwas ist schiefgegangen",
            unavailable: "Die Anmeldung konnte nicht geprüft werden. Bitte versuchen Sie es gleich noch \
                einmal.",
        }
    }
}
