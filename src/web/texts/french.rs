use super::{Texts, translation};

// `\u{a0}` keeps `?` and `:` on the line of the word before.
impl Texts {
    /// The texts in French.
    pub fn french() -> Self {
        translation! {
            lang: "fr",
            dir: "ltr",

            title: "Connexion",
            heading: "Connexion",
            intro: "Sans mot de passe, avec votre application SQRL.",
            button: "Se connecter avec SQRL",
            scan: "ou scanner avec votre téléphone",
            scan_on_phone: "ou scanner avec un autre appareil",
            qr_alt: "Code QR à scanner avec une application SQRL",
            about_heading: "Qu’est-ce que SQRL\u{a0}?",
            about: "SQRL vous connecte avec une identité qui n’appartient qu’à vous, dans une \
                application sur votre propre appareil. Vous ne donnez à ce site ni mot de passe ni \
                adresse e-mail. Il reçoit une clé créée pour lui seul et inutilisable ailleurs.",
            install_heading: "Pas encore d’application\u{a0}?",
            install: "Installez-en une sur cet appareil ou sur votre téléphone, et créez-y votre \
                identité. Revenez ensuite sur cette page et appuyez sur le bouton, ou scannez le code.",
            install_link: "Trouver une application SQRL",
            install_url: "https://www.grc.com/sqrl/sqrl.htm",
            no_script: "JavaScript est désactivé, cette page ne peut donc pas savoir si la connexion a \
                réussi. Le bouton et le code fonctionnent. Dès que votre application SQRL confirme la \
                connexion, continuez ici\u{a0}:",
            no_script_link: "La connexion est confirmée\u{a0}: continuer",

            waiting: "En attente de votre application SQRL.",
            probing: "Recherche de l’application SQRL sur cet appareil…",
            permission: "Recherche de l’application SQRL sur cet appareil. Si votre navigateur demande \
                si cette page peut accéder aux applications de cet appareil, acceptez.",
            jumping: "Continuez dans votre application SQRL.",
            no_client: "Aucune application SQRL n’a répondu sur cet appareil. Si votre navigateur \
                demande s’il doit ouvrir l’application, acceptez. Sinon, scannez le code avec un autre \
                appareil.",
            denied: "Votre navigateur ne laisse pas cette page rechercher l’application SQRL sur cet \
                appareil. Si l’application est ouverte, continuez dans celle-ci. Sinon, scannez le code \
                avec un autre appareil.",
            jump: "Aller à mon application",
            renewed: "Le code a été renouvelé. En attente de votre application SQRL.",
            offline: "Le site ne répond pas. Nouvel essai…",
            signed_in: "Connexion réussie. Un instant…",
            taken_over: "Continuez dans la fenêtre ouverte par votre application SQRL. Vous pouvez \
                fermer cette page.",
            collected: "Cette connexion a déjà été utilisée.",
            begun: "Ce code est déjà utilisé. Terminez la connexion dans votre application SQRL, ou \
                demandez un nouveau code.",
            refused_new: "Ce site ne connaît pas votre identité SQRL et n’en accepte pas de nouvelle.",
            refused_disabled: "Votre identité SQRL est désactivée sur ce site. Réactivez-la avec votre \
                application SQRL et votre code de secours.",
            refused_superseded: "Vous avez remplacé cette identité SQRL par une plus récente. \
                Connectez-vous avec la plus récente.",
            evicted: "Trop de pages de connexion sont ouvertes dans ce navigateur. Le code de cette page \
                n’est plus valable.",
            expired: "Ce code a expiré.",
            failed: "Une erreur s’est produite. Veuillez réessayer.",
            reload: "Nouveau code",

            confirm_heading: "Se connecter en tant que {who}\u{a0}?",
            confirm_account_heading: "Se connecter à un compte existant\u{a0}?",
            confirm_new_heading: "Se connecter avec une nouvelle identité\u{a0}?",
            confirm_warning: "Ne continuez que si vous venez de vous connecter vous-même, avec votre \
                propre application SQRL. Annulez si une autre personne vous a envoyé ici, ou si vous ne \
                savez pas pourquoi vous voyez cette page. Sinon, vous ouvririez le compte d’une autre \
                personne.",
            confirm_button: "Continuer",
            confirm_cancel: "Annuler",

            to_sign_in: "Aller à la page de connexion",
            try_again: "Réessayer",
            url_expired_heading: "Cette adresse n’est plus valable",
            url_expired: "Chaque adresse fournie par votre application SQRL ne sert qu’une fois, et peu \
                de temps. La connexion n’a pas eu lieu. Veuillez vous connecter à nouveau.",
            done_heading: "Terminé",
            done: "Votre application SQRL a terminé. Vous pouvez fermer cette page.",
            disabled_heading: "Identité désactivée",
            disabled: "Votre identité SQRL ne permet plus de se connecter ici. Vous seul pouvez la \
                réactiver, avec votre application SQRL et votre code de secours.",
            enabled_heading: "Identité réactivée",
            enabled: "Votre identité SQRL permet à nouveau de se connecter ici.",
            removed_heading: "Identité supprimée",
            removed: "Ce site a supprimé votre identité SQRL.",
            expired_heading: "Cette connexion a expiré",
            expired_message: "Elle n’a pas été terminée à temps. La connexion n’a pas eu lieu. Veuillez \
                recommencer.",
            collected_heading: "Cette connexion a déjà été utilisée",
            collected_message: "Chaque connexion ne sert qu’une fois. Veuillez vous connecter à nouveau.",
            taken_over_heading: "Continuez dans l’autre fenêtre",
            taken_over_message: "Continuez dans la fenêtre ouverte par votre application SQRL.",
            pending_heading: "Pas encore de connexion",
            pending: "Votre application SQRL n’a pas encore répondu. Terminez-y la connexion, puis \
                réessayez.",
            refused_heading: "Connexion refusée",
            unavailable_heading: "Une erreur s’est produite",
            unavailable: "La connexion n’a pas pu être vérifiée. Veuillez réessayer dans un instant.",
        }
    }
}
