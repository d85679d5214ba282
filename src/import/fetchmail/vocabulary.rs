//! The keywords of servers and users: what each takes, and what becomes of it.
//!
//! It refuses to know how words follow one another and what an account is. Invariant: every keyword of fetchmail's
//! manual is here, or is one of those that [`super::grammar`] lists because entries begin with them.

/// A keyword.
#[derive(Debug)]
pub(super) struct Keyword {
    /// How it is written, and its other spellings.
    pub(super) spellings: &'static [&'static str],
    pub(super) takes: Takes,
    pub(super) fate: Fate,
}

/// What follows a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// Nothing; `no` may stand before it.
    Nothing,
    /// A number.
    Number,
    /// A word, which is no keyword unless it is quoted.
    Text,
    /// The same, which may be a command with a password in it, and is not shown.
    Command,
    /// A word, whatever it is, which is not shown.
    Secret,
    /// A word, whatever it is.
    Choice,
    /// Words up to the next keyword.
    List,
    /// Numbers.
    Numbers,
    /// A word, or a number and a word.
    Skipping,
}

/// What becomes of a keyword.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    /// It is carried over, or its reason to be left out depends on other words.
    Server(Server),
    /// The same, of a user.
    User(User),
    /// It stands where a server's options do, and is left out for this reason; `no` before it needs none.
    NotOfServer(&'static str),
    /// The same, of a user.
    NotOfUser(&'static str),
}

/// The server's options that are carried over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Server {
    Via,
    Protocol,
    Service,
    Auth,
    Timeout,
    Plugin,
    Uidl,
}

/// The user's options that are carried over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum User {
    Names,
    Password,
    PasswordCommand,
    Ssl,
    SslProto,
    SslCertCk,
    SslCertFile,
    SslCert,
    SslKey,
    Keep,
    Limit,
    FetchLimit,
    Mda,
    Bsmtp,
    SmtpHost,
    Lmtp,
    SmtpAddress,
    SmtpName,
    PreConnect,
    PostConnect,
}

const fn keyword(spellings: &'static [&'static str], takes: Takes, fate: Fate) -> Keyword {
    Keyword {
        spellings,
        takes,
        fate,
    }
}

const MULTIDROP: &str = "it is for maildrops that several people share; popfetch delivers all of a maildrop to one place";
const UNCHANGED: &str = "popfetch delivers messages as the server sent them";
const SENDS: &str = "popfetch speaks no SMTP";
const PLACE: &str =
    "popfetch does not look at network interfaces; write `source-address` to choose one";
const ONE_COMMAND: &str = "popfetch asks for all sizes and uids in one go";

const SERVER: &[Keyword] = &[
    keyword(&["via"], Takes::Text, Fate::Server(Server::Via)),
    keyword(
        &["protocol", "proto"],
        Takes::Choice,
        Fate::Server(Server::Protocol),
    ),
    keyword(
        &["service", "port"],
        Takes::Choice,
        Fate::Server(Server::Service),
    ),
    keyword(
        &["auth", "authenticate", "preauth"],
        Takes::Choice,
        Fate::Server(Server::Auth),
    ),
    keyword(&["timeout"], Takes::Number, Fate::Server(Server::Timeout)),
    keyword(&["plugin"], Takes::Command, Fate::Server(Server::Plugin)),
    keyword(&["uidl"], Takes::Nothing, Fate::Server(Server::Uidl)),
    keyword(
        &["interval"],
        Takes::Number,
        Fate::NotOfServer(
            "the timer of `popfetch schedule` has one rhythm for all; a line of your own in the crontab may name this account",
        ),
    ),
    keyword(&["interface"], Takes::Text, Fate::NotOfServer(PLACE)),
    keyword(&["monitor"], Takes::Text, Fate::NotOfServer(PLACE)),
    keyword(&["plugout"], Takes::Command, Fate::NotOfServer(SENDS)),
    keyword(&["esmtpname"], Takes::Text, Fate::NotOfServer(SENDS)),
    keyword(&["esmtppassword"], Takes::Secret, Fate::NotOfServer(SENDS)),
    keyword(
        &["principal"],
        Takes::Text,
        Fate::NotOfServer("popfetch does not speak Kerberos"),
    ),
    keyword(&["envelope"], Takes::Skipping, Fate::NotOfServer(MULTIDROP)),
    keyword(&["qvirtual"], Takes::Text, Fate::NotOfServer(MULTIDROP)),
    keyword(&["aka"], Takes::List, Fate::NotOfServer(MULTIDROP)),
    keyword(
        &["localdomains", "local"],
        Takes::List,
        Fate::NotOfServer(MULTIDROP),
    ),
    keyword(&["dns"], Takes::Nothing, Fate::NotOfServer(MULTIDROP)),
    keyword(
        &["checkalias"],
        Takes::Nothing,
        Fate::NotOfServer(MULTIDROP),
    ),
    keyword(
        &["tracepolls"],
        Takes::Nothing,
        Fate::NotOfServer(
            "popfetch adds no header lines; `popfetch history` says which account a message came by",
        ),
    ),
    keyword(
        &["bad-header"],
        Takes::Choice,
        Fate::NotOfServer("popfetch delivers a message whatever its header is like"),
    ),
];

const USER: &[Keyword] = &[
    keyword(&["is", "to"], Takes::List, Fate::User(User::Names)),
    keyword(
        &["password", "pass"],
        Takes::Secret,
        Fate::User(User::Password),
    ),
    keyword(
        &["passwordeval"],
        Takes::Command,
        Fate::User(User::PasswordCommand),
    ),
    keyword(&["ssl"], Takes::Nothing, Fate::User(User::Ssl)),
    keyword(&["sslproto"], Takes::Text, Fate::User(User::SslProto)),
    keyword(&["sslcertck"], Takes::Nothing, Fate::User(User::SslCertCk)),
    keyword(&["sslcertfile"], Takes::Text, Fate::User(User::SslCertFile)),
    keyword(&["sslcert"], Takes::Text, Fate::User(User::SslCert)),
    keyword(&["sslkey"], Takes::Text, Fate::User(User::SslKey)),
    keyword(&["keep"], Takes::Nothing, Fate::User(User::Keep)),
    keyword(&["limit"], Takes::Number, Fate::User(User::Limit)),
    keyword(&["fetchlimit"], Takes::Number, Fate::User(User::FetchLimit)),
    keyword(&["mda"], Takes::Command, Fate::User(User::Mda)),
    keyword(&["bsmtp"], Takes::Text, Fate::User(User::Bsmtp)),
    keyword(
        &["smtphost", "smtp"],
        Takes::List,
        Fate::User(User::SmtpHost),
    ),
    keyword(&["lmtp"], Takes::Nothing, Fate::User(User::Lmtp)),
    keyword(&["smtpaddress"], Takes::Text, Fate::User(User::SmtpAddress)),
    keyword(&["smtpname"], Takes::Text, Fate::User(User::SmtpName)),
    keyword(
        &["preconnect"],
        Takes::Command,
        Fate::User(User::PreConnect),
    ),
    keyword(
        &["postconnect"],
        Takes::Command,
        Fate::User(User::PostConnect),
    ),
    keyword(
        &["sslcertpath"],
        Takes::Text,
        Fate::NotOfUser(
            "popfetch trusts the authorities of one file; put them together in one and write `tls-ca-file`",
        ),
    ),
    keyword(
        &["sslcommonname"],
        Takes::Text,
        Fate::NotOfUser(
            "popfetch wants the server's name in the certificate; `tls-fingerprint` trusts one certificate whatever its name",
        ),
    ),
    keyword(
        &["sslfingerprint"],
        Takes::Text,
        Fate::NotOfUser(
            "it is made with MD5, and popfetch's with SHA-256; `popfetch check` shows the one to write as `tls-fingerprint`",
        ),
    ),
    keyword(
        &["flush"],
        Takes::Nothing,
        Fate::NotOfUser("popfetch deletes only what it has delivered itself"),
    ),
    keyword(
        &["limitflush"],
        Takes::Nothing,
        Fate::NotOfUser("popfetch deletes no message that it did not fetch"),
    ),
    keyword(
        &["fetchall"],
        Takes::Nothing,
        Fate::NotOfUser(
            "popfetch fetches every message once, read elsewhere or not; `popfetch refetch` fetches one again",
        ),
    ),
    keyword(
        &["warnings"],
        Takes::Number,
        Fate::NotOfUser("popfetch sends no mail; it reports what is larger than `max-size`"),
    ),
    keyword(&["batchlimit"], Takes::Number, Fate::NotOfUser(SENDS)),
    keyword(
        &["fetchsizelimit"],
        Takes::Number,
        Fate::NotOfUser(ONE_COMMAND),
    ),
    keyword(&["fastuidl"], Takes::Number, Fate::NotOfUser(ONE_COMMAND)),
    keyword(
        &["expunge"],
        Takes::Number,
        Fate::NotOfUser(
            "popfetch's deletions are on record, and a run goes on with those that a dropped line undid",
        ),
    ),
    keyword(&["rewrite"], Takes::Nothing, Fate::NotOfUser(UNCHANGED)),
    keyword(&["stripcr"], Takes::Nothing, Fate::NotOfUser(UNCHANGED)),
    keyword(&["forcecr"], Takes::Nothing, Fate::NotOfUser(UNCHANGED)),
    keyword(&["pass8bits"], Takes::Nothing, Fate::NotOfUser(UNCHANGED)),
    keyword(&["dropstatus"], Takes::Nothing, Fate::NotOfUser(UNCHANGED)),
    keyword(
        &["dropdelivered"],
        Takes::Nothing,
        Fate::NotOfUser(UNCHANGED),
    ),
    keyword(&["mimedecode"], Takes::Nothing, Fate::NotOfUser(UNCHANGED)),
    keyword(
        &["idle"],
        Takes::Nothing,
        Fate::NotOfUser("POP3 has no IDLE"),
    ),
    keyword(
        &["folder", "folders"],
        Takes::List,
        Fate::NotOfUser("POP3 has no folders"),
    ),
    keyword(
        &["fetchdomains"],
        Takes::List,
        Fate::NotOfUser("it is for ETRN and ODMR"),
    ),
    keyword(&["antispam"], Takes::Numbers, Fate::NotOfUser(SENDS)),
    keyword(
        &["properties"],
        Takes::Command,
        Fate::NotOfUser("it is for scripts, and fetchmail itself makes nothing of it"),
    ),
];

/// The keyword that is spelt so.
pub(super) fn keyword_of(word: &str) -> Option<&'static Keyword> {
    all().find(|keyword| keyword.spellings.contains(&word))
}

/// All keywords of servers and users.
pub(super) fn all() -> impl Iterator<Item = &'static Keyword> {
    SERVER.iter().chain(USER)
}

/// What `set` may say, what that takes, and why it is left out; without a reason it changes nothing that popfetch does.
pub(super) const GLOBAL: [(&str, Takes, Option<&str>); 11] = [
    (
        "daemon",
        Takes::Number,
        Some(
            "`popfetch schedule cron` makes a timer, and `popfetch sync --every 5m` fetches again and again",
        ),
    ),
    (
        "postmaster",
        Takes::Text,
        Some("popfetch sends no mail; what fails is reported, and stays on the server"),
    ),
    (
        "bouncemail",
        Takes::Nothing,
        Some("popfetch sends no mail, so nothing bounces"),
    ),
    (
        "spambounce",
        Takes::Nothing,
        Some("popfetch sends no mail, so nothing bounces"),
    ),
    ("softbounce", Takes::Nothing, None),
    (
        "logfile",
        Takes::Text,
        Some("popfetch reports on standard error, which a timer keeps or mails"),
    ),
    (
        "syslog",
        Takes::Nothing,
        Some("popfetch reports on standard error; a systemd timer puts that in the journal"),
    ),
    (
        "pidfile",
        Takes::Text,
        Some("popfetch locks each account by itself"),
    ),
    ("invisible", Takes::Nothing, None),
    ("showdots", Takes::Nothing, None),
    (
        "properties",
        Takes::Command,
        Some("it is for scripts, and fetchmail itself makes nothing of it"),
    ),
];

/// What means nothing wherever it stands, but as a name.
pub(super) const NOISE: [&str; 5] = ["and", "with", "has", "wants", "options"];

/// What begins an entry, or stands in its skeleton.
const SKELETON: [&str; 11] = [
    "set", "idfile", "defaults", "poll", "server", "skip", "user", "username", "no", "here",
    "there",
];

/// Whether fetchmail reads this word, unquoted, as a keyword.
pub(super) fn is_keyword(word: &str) -> bool {
    let global = |(name, ..): &(&str, Takes, Option<&str>)| *name == word;
    SKELETON.contains(&word)
        || NOISE.contains(&word)
        || GLOBAL.iter().any(global)
        || split(word).is_some()
}

/// Switches that fetchmail does not know in one word with `no`: there `nossl` is a name like any other.
const APART: [&str; 4] = ["ssl", "sslcertck", "lmtp", "tracepolls"];

/// A keyword of an option, and whether it is denied: fetchmail knows `nokeep` as well as `no keep`.
pub(super) fn split(word: &str) -> Option<(&'static Keyword, bool)> {
    if let Some(keyword) = keyword_of(word) {
        return Some((keyword, false));
    }
    let denied = word.strip_prefix("no")?;
    let keyword = keyword_of(denied).filter(|keyword| keyword.is_deniable())?;
    (!APART.contains(&denied)).then_some((keyword, true))
}

impl Keyword {
    /// Whether it stands before the users.
    pub(super) fn is_of_server(&self) -> bool {
        matches!(self.fate, Fate::Server(_) | Fate::NotOfServer(_))
    }

    /// Whether `no` may stand before it.
    pub(super) fn is_deniable(&self) -> bool {
        self.takes == Takes::Nothing || self.takes == Takes::Skipping
    }
}
