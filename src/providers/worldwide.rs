//! Rows of providers whose users are in many countries, and of those in America and Asia.
//!
//! It refuses to know how a row is found or what is said of it.

use super::Login::{AppPassword, OAuth2, Password};
use super::oauth::{AOL, COMCAST, FASTMAIL, GOOGLE, MICROSOFT, YAHOO};
use super::{Access, Pop3, Provider, Quirks, UserForm, domains};

pub(super) const ROWS: &[Provider] = &[
    Provider {
        key: "gmail",
        name: "Gmail",
        domains: &["gmail.com", "googlemail.com"],
        access: Access::Pop3(Pop3 {
            app_password: Some("https://myaccount.google.com/apppasswords"),
            logins: &[OAuth2, AppPassword],
            notes: GMAIL_NOTES,
            ..AT_GOOGLE
        }),
    },
    Provider {
        key: "google-workspace",
        name: "Google Workspace",
        domains: &[],
        access: Access::Pop3(AT_GOOGLE),
    },
    Provider {
        key: "outlook",
        name: "Outlook.com",
        domains: domains::OUTLOOK,
        access: Access::Pop3(Pop3 {
            further_hosts: &["pop-mail.outlook.com", "pop3.live.com"],
            switch: Some("Settings → Mail → Forwarding and IMAP"),
            ..AT_MICROSOFT
        }),
    },
    Provider {
        key: "microsoft-365",
        name: "Microsoft 365",
        domains: &[],
        access: Access::Pop3(Pop3 {
            switch: Some("Users → Active users → Mail → Manage email apps in the admin center"),
            ..AT_MICROSOFT
        }),
    },
    Provider {
        key: "yahoo",
        name: "Yahoo Mail",
        domains: domains::YAHOO,
        access: Access::Pop3(Pop3 {
            logins: &[AppPassword, OAuth2],
            app_password: Some("https://login.yahoo.com/account/security"),
            oauth: Some(&YAHOO),
            ..Pop3::at("pop.mail.yahoo.com")
        }),
    },
    Provider {
        key: "yahoo-japan",
        name: "Yahoo! JAPAN Mail",
        domains: &["yahoo.co.jp"],
        access: Access::Pop3(Pop3 {
            user: UserForm::LocalPart,
            notes: &["It is another company than Yahoo, with servers of its own."],
            ..Pop3::at("pop.mail.yahoo.co.jp")
        }),
    },
    Provider {
        key: "aol",
        name: "AOL Mail",
        domains: domains::AOL,
        access: Access::Pop3(Pop3 {
            logins: &[AppPassword, OAuth2],
            app_password: Some("https://login.aol.com/account/security"),
            oauth: Some(&AOL),
            ..Pop3::at("pop.aol.com")
        }),
    },
    Provider {
        key: "att",
        name: "AT&T Mail",
        domains: &[
            "att.net",
            "ameritech.net",
            "bellsouth.net",
            "currently.com",
            "flash.net",
            "nvbell.net",
            "pacbell.net",
            "prodigy.net",
            "sbcglobal.net",
            "snet.net",
            "swbell.net",
            "wans.net",
        ],
        access: Access::Pop3(Pop3 {
            logins: &[AppPassword, OAuth2],
            notes: &["AT&T calls its app password a secure mail key."],
            ..Pop3::at("inbound.att.net")
        }),
    },
    Provider {
        key: "comcast",
        name: "Comcast",
        domains: &["comcast.net"],
        access: Access::Pop3(Pop3 {
            logins: &[Password, OAuth2],
            switch: Some("third-party access in the settings of Xfinity Email"),
            oauth: Some(&COMCAST),
            notes: &[
                "Mailboxes are moving to Yahoo Mail; one that has moved has Yahoo's server and logins.",
            ],
            further_hosts: &["pop.comcast.net"],
            ..Pop3::at("mail.comcast.net")
        }),
    },
    Provider {
        key: "fastmail",
        name: "Fastmail",
        domains: &["fastmail.com", "fastmail.fm", "messagingengine.com"],
        access: Access::Pop3(Pop3 {
            logins: &[AppPassword, OAuth2],
            app_password: Some("Settings → Privacy & Security → Integrations"),
            oauth: Some(&FASTMAIL),
            notes: &[
                "Only the Inbox is fetched; for another folder the user is name+folder@domain.",
            ],
            ..Pop3::at("pop.fastmail.com")
        }),
    },
    Provider {
        key: "zoho",
        name: "Zoho Mail",
        domains: &["zoho.com", "zohomail.com"],
        access: Access::Pop3(AT_ZOHO),
    },
    Provider {
        key: "zoho-eu",
        name: "Zoho Mail (Europe)",
        domains: &["zoho.eu", "zohomail.eu"],
        access: Access::Pop3(Pop3 {
            host: "pop.zoho.eu",
            further_hosts: &[],
            ..AT_ZOHO
        }),
    },
    Provider {
        key: "zoho-in",
        name: "Zoho Mail (India)",
        domains: &["zoho.in", "zohomail.in"],
        access: Access::Pop3(Pop3 {
            host: "pop.zoho.in",
            further_hosts: &[],
            ..AT_ZOHO
        }),
    },
    Provider {
        key: "zoho-domain",
        name: "Zoho Mail (own domain)",
        domains: &[],
        access: Access::Pop3(Pop3 {
            host: "poppro.zoho.com",
            further_hosts: &[
                "poppro.zoho.eu",
                "poppro.zoho.in",
                "poppro.zoho.com.au",
                "poppro.zoho.jp",
            ],
            notes: &[
                "An account of another region sets host, too: poppro.zoho.eu, poppro.zoho.in and so on.",
                "Free plans that began in 2019 or later have no POP.",
            ],
            ..AT_ZOHO
        }),
    },
    Provider {
        key: "mail-com",
        name: "mail.com",
        domains: domains::MAIL_COM,
        access: Access::Pop3(Pop3::at("pop.mail.com")),
    },
    Provider {
        key: "gmx-com",
        name: "GMX (gmx.com)",
        domains: domains::GMX_COM,
        access: Access::Pop3(Pop3 {
            switch: Some("Email → Settings → POP3 & IMAP"),
            quirks: Quirks {
                switches_off: true,
                ..Quirks::NONE
            },
            ..Pop3::at("pop.gmx.com")
        }),
    },
    Provider {
        key: "migadu",
        name: "Migadu",
        domains: &[],
        access: Access::Pop3(Pop3 {
            notes: &["Spam is in a folder that POP does not show."],
            ..Pop3::at("pop.migadu.com")
        }),
    },
    Provider {
        key: "purelymail",
        name: "Purelymail",
        domains: &["purelymail.com"],
        access: Access::Pop3(Pop3::at("mailserver.purelymail.com")),
    },
    Provider {
        key: "rackspace",
        name: "Rackspace Email",
        domains: &[],
        access: Access::Pop3(Pop3 {
            notes: &["An administrator can switch POP off for each mailbox."],
            ..Pop3::at("secure.emailsrvr.com")
        }),
    },
    Provider {
        key: "godaddy",
        name: "GoDaddy Workspace Email",
        domains: &[],
        access: Access::Pop3(Pop3 {
            notes: &["Newer mailboxes sold by GoDaddy are Microsoft 365: provider microsoft-365."],
            ..Pop3::at("pop.secureserver.net")
        }),
    },
    Provider {
        key: "telstra",
        name: "Telstra Mail",
        domains: &[
            "bigpond.com",
            "bigpond.net.au",
            "bigpond.net",
            "telstra.com",
        ],
        access: Access::Pop3(Pop3::at("pop.telstra.com")),
    },
    Provider {
        key: "naver",
        name: "Naver Mail",
        domains: &["naver.com"],
        access: Access::Pop3(Pop3::at("pop.naver.com")),
    },
    Provider {
        key: "icloud",
        name: "iCloud Mail",
        domains: &["icloud.com", "me.com", "mac.com"],
        access: Access::None("iCloud Mail offers IMAP only"),
    },
    Provider {
        key: "hey",
        name: "HEY",
        domains: &["hey.com"],
        access: Access::None("HEY offers neither POP3 nor IMAP, only its own programs"),
    },
];

/// The server of Gmail and Google Workspace. Without app passwords, which a Workspace no longer takes.
const AT_GOOGLE: Pop3 = Pop3 {
    further_hosts: &["pop.googlemail.com"],
    logins: &[OAuth2],
    switch: Some("Settings → See all settings → Forwarding and POP/IMAP"),
    oauth: Some(&GOOGLE),
    notes: WORKSPACE_NOTES,
    quirks: Quirks {
        pages_listing: true,
        ignores_login_delay: true,
        ..Quirks::NONE
    },
    ..Pop3::at("pop.gmail.com")
};

const GMAIL_NOTES: &[&str] = &[
    "App passwords need 2-Step Verification.",
    FETCHED_IS_HIDDEN,
    RECENT,
    WEB_SETTING,
];

const WORKSPACE_NOTES: &[&str] = &[
    "Passwords ended in 2025; some administrators still allow app passwords.",
    FETCHED_IS_HIDDEN,
    RECENT,
    WEB_SETTING,
];

const FETCHED_IS_HIDDEN: &str =
    "Each session shows about 250 messages, the oldest, and none that was fetched before.";
const RECENT: &str = "With recent: before the user, every program sees all mail of the last 30 days, and nothing is deleted.";
const WEB_SETTING: &str = "The web settings decide what a deletion does: nothing, archive, the bin, or deletion for good.";

/// The server of Outlook.com and Microsoft 365.
const AT_MICROSOFT: Pop3 = Pop3 {
    logins: &[OAuth2],
    oauth: Some(&MICROSOFT),
    notes: &["A session that is silent for about a minute is closed."],
    ..Pop3::at("outlook.office365.com")
};

/// The server of Zoho's own domains in America; the other rows change its name.
const AT_ZOHO: Pop3 = Pop3 {
    further_hosts: &["pop.zoho.com.au", "pop.zoho.jp", "pop.zohocloud.ca"],
    logins: &[Password, AppPassword],
    switch: Some("Settings → Mail Accounts → POP Access"),
    app_password: Some("Security → App Passwords in the Zoho account"),
    notes: &["Free plans that began in 2019 or later have no POP."],
    ..Pop3::at("pop.zoho.com")
};
