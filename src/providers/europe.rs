//! Rows of providers in Europe, Russia included.
//!
//! It refuses to know how a row is found or what is said of it.

use super::Login::{AppPassword, Password};
use super::{Access, Pop3, Provider, Quirks, UserForm, domains};

pub(super) const ROWS: &[Provider] = &[
    Provider {
        key: "gmx",
        name: "GMX",
        domains: &[
            "gmx.net",
            "gmx.de",
            "gmx.at",
            "gmx.ch",
            "gmx.eu",
            "gmx.biz",
            "gmx.org",
            "gmx.info",
            "mein.gmx",
            "mail.gmx",
            "email.gmx",
        ],
        access: Access::Pop3(Pop3 {
            logins: &[Password, AppPassword],
            switch: Some("E-Mail → Einstellungen → POP3/IMAP Abruf"),
            app_password: Some("Mein Account → Sicherheit → Anwendungsspezifische Passwörter"),
            quirks: Quirks {
                switches_off: true,
                ..Quirks::NONE
            },
            ..Pop3::at("pop.gmx.net")
        }),
    },
    Provider {
        key: "web-de",
        name: "WEB.DE",
        domains: &["web.de"],
        access: Access::Pop3(Pop3 {
            user: UserForm::LocalPart,
            logins: &[Password, AppPassword],
            switch: Some("E-Mail → Einstellungen → POP3/IMAP Abruf"),
            quirks: Quirks {
                minutes_between_logins: Some(15),
                ..Quirks::NONE
            },
            ..Pop3::at("pop3.web.de")
        }),
    },
    Provider {
        key: "t-online",
        name: "T-Online",
        domains: &["t-online.de", "magenta.de"],
        access: Access::Pop3(Pop3 {
            logins: &[AppPassword],
            app_password: Some(
                "https://www.telekom.de/hilfe/apps-dienste/e-mail/programme/passwort-verwalten",
            ),
            notes: &[
                "T-Online calls its app password E-Mail-Passwort; that of the web site does not work.",
            ],
            ..Pop3::at("securepop.t-online.de")
        }),
    },
    Provider {
        key: "1und1",
        name: "1&1",
        domains: &[
            "online.de",
            "onlinehome.de",
            "sofortstart.de",
            "sofort-start.de",
            "sofortsurf.de",
            "sofort-surf.de",
            "go4more.de",
        ],
        access: Access::Pop3(Pop3::at("pop.1und1.de")),
    },
    Provider {
        key: "ionos",
        name: "IONOS",
        domains: &[],
        access: Access::Pop3(Pop3 {
            further_hosts: &[
                "pop.ionos.de",
                "pop.ionos.fr",
                "pop.ionos.es",
                "pop.ionos.it",
                "pop.ionos.co.uk",
            ],
            notes: &[
                "An account of another country sets host, too: pop.ionos.de, pop.ionos.fr and so on.",
            ],
            ..Pop3::at("pop.ionos.com")
        }),
    },
    Provider {
        key: "strato",
        name: "Strato",
        domains: &[],
        access: Access::Pop3(Pop3::at("pop3.strato.de")),
    },
    Provider {
        key: "freenet",
        name: "freenet Mail",
        domains: &["freenet.de"],
        access: Access::Pop3(Pop3 {
            switch: Some("Einstellungen → POP3/IMAP/SMTP → Einrichtung POP3/IMAP"),
            ..Pop3::at("mx.freenet.de")
        }),
    },
    Provider {
        key: "mailbox-org",
        name: "mailbox.org",
        domains: &["mailbox.org"],
        access: Access::Pop3(Pop3 {
            logins: &[Password, AppPassword],
            app_password: Some("All settings → Security → Application passwords"),
            ..Pop3::at("pop3.mailbox.org")
        }),
    },
    Provider {
        key: "posteo",
        name: "Posteo",
        domains: domains::POSTEO,
        access: Access::Pop3(Pop3::at("posteo.de")),
    },
    Provider {
        key: "infomaniak",
        name: "Infomaniak",
        domains: &[],
        access: Access::Pop3(Pop3::at("mail.infomaniak.com")),
    },
    Provider {
        key: "bluewin",
        name: "Bluewin",
        domains: &["bluewin.ch", "bluemail.ch"],
        access: Access::Pop3(Pop3::at("pop3s.bluewin.ch")),
    },
    Provider {
        key: "mail-ch",
        name: "mail.ch",
        domains: &["mail.ch"],
        access: Access::Pop3(Pop3::at("pop.mail.ch")),
    },
    Provider {
        key: "ovh",
        name: "OVH",
        domains: &[],
        access: Access::Pop3(Pop3 {
            notes: &["Exchange and other offers of OVH have other servers."],
            ..Pop3::at("ssl0.ovh.net")
        }),
    },
    Provider {
        key: "free",
        name: "Free",
        domains: &["free.fr"],
        access: Access::Pop3(Pop3 {
            user: UserForm::LocalPart,
            ..Pop3::at("pop.free.fr")
        }),
    },
    Provider {
        key: "la-poste",
        name: "La Poste",
        domains: &["laposte.net"],
        access: Access::Pop3(Pop3 {
            user: UserForm::LocalPart,
            ..Pop3::at("pop.laposte.net")
        }),
    },
    Provider {
        key: "orange",
        name: "Orange",
        domains: &["orange.fr", "wanadoo.fr"],
        access: Access::Pop3(Pop3::at("pop.orange.fr")),
    },
    Provider {
        key: "sfr",
        name: "SFR",
        domains: &["sfr.fr", "neuf.fr", "club-internet.fr"],
        access: Access::Pop3(Pop3::at("pop.sfr.fr")),
    },
    Provider {
        key: "libero",
        name: "Libero Mail",
        domains: &["libero.it", "iol.it", "blu.it", "inwind.it", "giallo.it"],
        access: Access::Pop3(Pop3::at("popmail.libero.it")),
    },
    Provider {
        key: "tim",
        name: "TIM Mail",
        domains: &["tim.it"],
        access: Access::Pop3(Pop3 {
            starttls: true,
            ..Pop3::at("pop.tim.it")
        }),
    },
    Provider {
        key: "bt",
        name: "BT Mail",
        domains: &["btinternet.com", "btopenworld.com", "talk21.com"],
        access: Access::Pop3(Pop3::at("mail.btinternet.com")),
    },
    Provider {
        key: "virgin-media",
        name: "Virgin Media Mail",
        domains: &["virginmedia.com"],
        access: Access::Pop3(Pop3 {
            further_hosts: &["pop3.ntlworld.com"],
            ..Pop3::at("pop3.virginmedia.com")
        }),
    },
    Provider {
        key: "seznam",
        name: "Seznam Email",
        domains: &["seznam.cz"],
        access: Access::Pop3(Pop3::at("pop3.seznam.cz")),
    },
    Provider {
        key: "runbox",
        name: "Runbox",
        domains: &["runbox.com", "runbox.no", "runbox.us"],
        access: Access::Pop3(Pop3 {
            user: UserForm::LocalPart,
            logins: &[Password, AppPassword],
            app_password: Some("Account → Account Security → Application Passwords"),
            notes: &["With a domain of one's own the user is name%domain."],
            ..Pop3::at("mail.runbox.com")
        }),
    },
    Provider {
        key: "vivaldi",
        name: "Vivaldi Mail",
        domains: &["vivaldi.net"],
        access: Access::Pop3(Pop3::at("pop3.vivaldi.net")),
    },
    Provider {
        key: "yandex",
        name: "Yandex Mail",
        domains: &[
            "yandex.ru",
            "yandex.com",
            "yandex.net",
            "yandex.by",
            "yandex.kz",
            "yandex.ua",
            "ya.ru",
            "narod.ru",
        ],
        access: Access::Pop3(Pop3 {
            further_hosts: &["pop.yandex.ru"],
            logins: &[AppPassword],
            switch: Some("Settings → Email clients"),
            app_password: Some("https://id.yandex.com/security/app-passwords"),
            notes: &[
                "Each folder is chosen in the settings; all arrive as one.",
                "Deletion by POP has no effect: leave-on-server = true is all it can do.",
            ],
            quirks: Quirks {
                keeps_deleted: true,
                ..Quirks::NONE
            },
            ..Pop3::at("pop.yandex.com")
        }),
    },
    Provider {
        key: "mail-ru",
        name: "Mail.ru",
        domains: &["mail.ru", "inbox.ru", "list.ru", "bk.ru"],
        access: Access::Pop3(Pop3 {
            logins: &[AppPassword],
            ..Pop3::at("pop.mail.ru")
        }),
    },
    Provider {
        key: "rambler",
        name: "Rambler Mail",
        domains: &["rambler.ru"],
        access: Access::Pop3(Pop3::at("pop.rambler.ru")),
    },
    Provider {
        key: "proton",
        name: "Proton Mail",
        domains: &["proton.me", "protonmail.com", "protonmail.ch", "pm.me"],
        access: Access::None(
            "Proton Mail offers no POP3; its Bridge program offers IMAP on one's own machine",
        ),
    },
    Provider {
        key: "tuta",
        name: "Tuta",
        domains: &[
            "tuta.com",
            "tutanota.com",
            "tutanota.de",
            "tutamail.com",
            "tuta.io",
            "keemail.me",
        ],
        access: Access::None("Tuta offers neither POP3 nor IMAP, only its own programs"),
    },
];
