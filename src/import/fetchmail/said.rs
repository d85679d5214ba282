//! What a run control file says of servers and users, each with the line that says so.
//!
//! It refuses to know what of it popfetch can do. Invariant: what is not said is absent, so that an entry's own word can
//! be told from that of the defaults.

use super::arguments::Argument;
use super::vocabulary;
use crate::secret::Secret;

/// A file.
#[derive(Default)]
pub(super) struct File {
    /// `defaults`
    pub(super) defaults: Option<Entry>,
    /// The servers, in the file's order.
    pub(super) entries: Vec<Entry>,
    /// `set idfile`
    pub(super) idfile: Option<Said<String>>,
    /// What is not carried over: line, words, reason.
    pub(super) left_out: Vec<Left>,
}

/// What is not carried over, and why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) line: usize,
    pub(super) what: String,
    pub(super) why: String,
}

/// A value and its line.
#[derive(Debug)]
pub(super) struct Said<T> {
    pub(super) line: usize,
    pub(super) value: T,
}

/// `poll`, `skip` or `defaults`, and what follows.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) line: usize,
    /// The label, and the server's name where `via` says nothing else.
    pub(super) name: String,
    pub(super) skip: bool,
    /// Whether some of it was not understood.
    pub(super) broken: bool,
    pub(super) server: Server,
    pub(super) users: Vec<User>,
}

/// A server's options.
#[derive(Debug, Default)]
pub(super) struct Server {
    pub(super) via: Option<Said<String>>,
    pub(super) protocol: Option<Said<String>>,
    pub(super) service: Option<Said<String>>,
    pub(super) auth: Option<Said<String>>,
    pub(super) timeout: Option<Said<u64>>,
    pub(super) plugin: Option<Said<()>>,
}

/// A user and its options.
#[derive(Debug, Default)]
pub(super) struct User {
    pub(super) line: usize,
    /// Whether no `user` began it.
    pub(super) implied: bool,
    /// Whether no name follows `user`.
    pub(super) nameless: bool,
    /// Who logs in.
    pub(super) remote: Option<Said<String>>,
    /// Who gets the mail here.
    pub(super) locals: Vec<Said<String>>,
    pub(super) password: Option<Said<Secret>>,
    pub(super) password_command: Option<Said<Secret>>,
    pub(super) ssl: Option<Said<bool>>,
    pub(super) ssl_proto: Option<Said<String>>,
    pub(super) ssl_cert_ck: Option<Said<bool>>,
    pub(super) ssl_cert_file: Option<Said<String>>,
    pub(super) ssl_cert: Option<Said<String>>,
    pub(super) ssl_key: Option<Said<String>>,
    pub(super) keep: Option<Said<bool>>,
    pub(super) limit: Option<Said<u64>>,
    pub(super) fetch_limit: Option<Said<u64>>,
    pub(super) mda: Option<Said<String>>,
    pub(super) bsmtp: Option<Said<String>>,
    pub(super) smtp_hosts: Option<Said<Vec<String>>>,
    pub(super) lmtp: Option<Said<bool>>,
    pub(super) smtp_address: Option<Said<String>>,
    pub(super) smtp_name: Option<Said<String>>,
    pub(super) post_connect: Option<Said<String>>,
}

/// What holds of a user of an entry: its own word, or that of the defaults.
#[derive(Clone, Copy)]
pub(super) struct Told<'f> {
    pub(super) entry: &'f Entry,
    pub(super) user: &'f User,
    pub(super) defaults: Option<&'f Entry>,
}

impl<'f> Told<'f> {
    /// An option of the server.
    pub(super) fn server<T>(
        self,
        of: impl Fn(&'f Server) -> &'f Option<Said<T>>,
    ) -> Option<&'f Said<T>> {
        let own = of(&self.entry.server).as_ref();
        own.or_else(|| of(&self.defaults?.server).as_ref())
    }

    /// An option of the user.
    pub(super) fn user<T>(
        self,
        of: impl Fn(&'f User) -> &'f Option<Said<T>>,
    ) -> Option<&'f Said<T>> {
        let own = of(self.user).as_ref();
        own.or_else(|| of(self.defaults?.users.first()?).as_ref())
    }

    /// Whether something that is said of it may have been lost.
    pub(super) fn is_broken(self) -> bool {
        self.entry.broken || self.defaults.is_some_and(|entry| entry.broken)
    }

    /// Who gets the mail here.
    pub(super) fn locals(self) -> &'f [Said<String>] {
        match self.user.locals.as_slice() {
            [] => self.default_locals(),
            own => own,
        }
    }

    /// Who gets it where nothing is said of the user.
    pub(super) fn default_locals(self) -> &'f [Said<String>] {
        let default = self.defaults.and_then(|entry| entry.users.first());
        default.map_or(&[], |default| &default.locals)
    }
}

/// A file that is not UTF-8, or an escape that made something else of it.
const NOT_UTF8: &str =
    "it holds octets that are not UTF-8; `popfetch login` takes the password anew";

const NEGATIVE: &str = "it is less than nothing";

impl Server {
    /// Takes an option; if it cannot be, says why.
    pub(super) fn say(
        &mut self,
        option: vocabulary::Server,
        line: usize,
        argument: Argument,
    ) -> Option<&'static str> {
        use vocabulary::Server;
        match (option, argument) {
            (Server::Timeout, Argument::Number(number)) => {
                let Ok(value) = u64::try_from(number) else {
                    return Some(NEGATIVE);
                };
                self.timeout = Some(Said { line, value });
            }
            (Server::Uidl, Argument::Flag(false)) => {
                return Some("popfetch always goes by the messages' uids");
            }
            (Server::Plugin, Argument::Word(_)) => {
                self.plugin = Some(Said { line, value: () });
                return Some("popfetch connects by itself; `proxy` names a SOCKS server");
            }
            (option, Argument::Word(word)) => {
                let said = Some(Said {
                    line,
                    value: word.text.to_string(),
                });
                match option {
                    Server::Via => self.via = said,
                    Server::Protocol => self.protocol = said,
                    Server::Service => self.service = said,
                    Server::Auth => self.auth = said,
                    Server::Timeout | Server::Plugin | Server::Uidl => {}
                }
            }
            _ => {}
        }
        None
    }
}

impl User {
    /// Takes an option; if it cannot be, says why.
    pub(super) fn say(
        &mut self,
        option: vocabulary::User,
        line: usize,
        argument: Argument,
    ) -> Option<&'static str> {
        match argument {
            Argument::Flag(value) => self.say_flag(option, Said { line, value }),
            Argument::Number(number) => {
                let Ok(value) = u64::try_from(number) else {
                    return Some(NEGATIVE);
                };
                match option {
                    vocabulary::User::Limit => self.limit = Some(Said { line, value }),
                    _ => self.fetch_limit = Some(Said { line, value }),
                }
            }
            Argument::Words(names) if option == vocabulary::User::SmtpHost => {
                let value = names.into_iter().map(|name| name.value).collect();
                self.smtp_hosts = Some(Said { line, value });
            }
            Argument::Words(names) => self.locals.extend(names),
            Argument::There(name) => self.remote = Some(name),
            Argument::Word(word) => return self.say_word(option, line, &word.text),
        }
        None
    }

    fn say_flag(&mut self, option: vocabulary::User, said: Said<bool>) {
        use vocabulary::User;
        match option {
            User::Ssl => self.ssl = Some(said),
            User::SslCertCk => self.ssl_cert_ck = Some(said),
            User::Keep => self.keep = Some(said),
            User::Lmtp => self.lmtp = Some(said),
            _ => {}
        }
    }

    fn say_word(
        &mut self,
        option: vocabulary::User,
        line: usize,
        text: &str,
    ) -> Option<&'static str> {
        use vocabulary::User;
        if option == User::Password || option == User::PasswordCommand {
            if text.contains(char::REPLACEMENT_CHARACTER) {
                return Some(NOT_UTF8);
            }
            let said = (!text.is_empty()).then(|| Said {
                line,
                value: Secret::new(text),
            });
            match option {
                User::Password => self.password = said,
                _ => self.password_command = said,
            }
            return None;
        }
        let said = Some(Said {
            line,
            value: text.to_owned(),
        });
        match option {
            User::SslProto => self.ssl_proto = said,
            User::SslCertFile => self.ssl_cert_file = said,
            User::SslCert => self.ssl_cert = said,
            User::SslKey => self.ssl_key = said,
            User::Mda => self.mda = said,
            User::Bsmtp => self.bsmtp = said,
            User::SmtpAddress => self.smtp_address = said,
            User::SmtpName => self.smtp_name = said,
            User::PostConnect => self.post_connect = said,
            User::PreConnect => {
                return Some(
                    "popfetch runs nothing before a session; let the timer run it before `popfetch sync`",
                );
            }
            _ => {}
        }
        None
    }
}
