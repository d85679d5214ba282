//! Finds the server of an address: what the options say, a preset, what the provider publishes, what answers under the
//! usual names, and at last what somebody types.
//!
//! Invariants: nobody is asked over the network without leave; a server without TLS is never taken.

use crate::autoconfig::{self, Found, Sources, Tls, is_domain, is_host};
use crate::cli::args::{AccountAdd, TlsMode};
use crate::cli::usage::{Cancelled, Usage};
use crate::cli::{report, visible};
use crate::config::Setting;
use crate::pop3::Security;
use crate::providers::{self, Access, Provider};

use super::ask::Asker;
use super::probe::{self, Answering};

/// A server, as far as it is to be written.
#[derive(Debug)]
pub(super) struct Server {
    /// The provider that fills in the rest.
    pub(super) provider: Option<&'static Provider>,
    /// The provider that it is, also where it fills nothing in.
    pub(super) known: Option<&'static Provider>,
    host: Option<String>,
    port: Option<u16>,
    tls: Option<TlsMode>,
    user: String,
}

impl Server {
    /// The keys that say it.
    pub(super) fn settings(&self) -> Vec<(&'static str, Setting)> {
        let text = |text: &str| Setting::Text(text.to_owned());
        let tls = self.tls.map(|tls| match tls {
            TlsMode::Implicit => "implicit",
            TlsMode::Starttls => "starttls",
        });
        let usual = match tls {
            Some("starttls") => Security::PLAIN_PORT,
            _ => Security::IMPLICIT_PORT,
        };
        // What is usual is not written.
        let port = self
            .port
            .filter(|port| self.provider.is_some() || *port != usual);
        let tls = tls.filter(|tls| self.provider.is_some() || *tls != "implicit");
        let keys = [
            ("provider", self.provider.map(|provider| text(provider.key))),
            ("host", self.host.as_deref().map(text)),
            ("port", port.map(|port| Setting::Number(port.into()))),
            ("tls", tls.map(text)),
            ("user", Some(text(&self.user))),
        ];
        keys.into_iter()
            .filter_map(|(key, value)| Some((key, value?)))
            .collect()
    }
}

/// Whether the server of this address is to be found without asking anybody or anything.
pub(super) fn is_known(options: &AccountAdd, address: Option<&str>) -> bool {
    let domain = address.and_then(|address| address.rsplit_once('@'));
    options.host.is_some()
        || options.provider.is_some()
        || options.autoconfig.is_some()
        || domain.is_some_and(|(_, domain)| providers::by_domain(domain).is_some())
}

/// The provider of this address, or the one that is asked for.
pub(super) fn provider(
    options: &AccountAdd,
    address: &str,
) -> Result<Option<&'static Provider>, Usage> {
    let domain = address.rsplit_once('@').map(|(_, domain)| domain);
    let provider = match &options.provider {
        Some(key) => Some(providers::by_key(key).ok_or_else(|| Usage::NoProvider {
            key: visible::text(key),
        })?),
        None => domain.and_then(providers::by_domain),
    };
    match provider.map(|provider| (provider, &provider.access)) {
        Some((provider, Access::None(instead))) if options.host.is_none() => Err(Usage::NoPop3 {
            name: provider.name,
            instead,
        }),
        Some((_, Access::None(_))) | None => Ok(None),
        Some((provider, Access::Pop3(_))) => Ok(Some(provider)),
    }
}

/// Finds the server of this address.
pub(super) fn find(options: &AccountAdd, address: &str, asker: &Asker) -> anyhow::Result<Server> {
    let user = options.user.clone().unwrap_or_else(|| address.to_owned());
    let provider = provider(options, address)?;
    if provider.is_some() || options.host.is_some() {
        let mut server = Server {
            provider,
            known: provider,
            host: options.host.clone(),
            port: options.port,
            tls: options.tls,
            user,
        };
        if let (None, Some(host)) = (provider, &options.host) {
            if server.port.is_none() && server.tls.is_none() && !options.no_test {
                let answering = probe::ports(host, &asker.stop);
                asker.goes_on()?;
                server.port = answering.as_ref().map(|found| found.port);
                server.tls = answering.map(|found| found.tls);
            }
            if server.port == Some(Security::PLAIN_PORT) && server.tls.is_none() {
                server.tls = Some(TlsMode::Starttls);
            }
            server.known = providers::recognise(host, &server.user);
        }
        return Ok(server);
    }
    let found = match published(options, address, asker)? {
        Some(found) => Some(found),
        None => guessed(options, address, asker)?,
    };
    let (found, user) = match found {
        Some((found, told)) => (found, options.user.clone().unwrap_or(told)),
        None if asker.is_attended() => (typed(address, asker)?, user),
        None => {
            let flags = vec!["--host HOST, as nothing was found out".to_owned()];
            return Err(Usage::Missing { flags }.into());
        }
    };
    Ok(Server {
        provider: None,
        known: providers::recognise(&found.host, &user),
        host: Some(found.host),
        port: Some(options.port.unwrap_or(found.port)),
        tls: Some(options.tls.unwrap_or(found.tls)),
        user,
    })
}

/// What is published about the domain, if it may be asked for and is accepted.
fn published(
    options: &AccountAdd,
    address: &str,
    asker: &Asker,
) -> Result<Option<(Answering, String)>, Cancelled> {
    let (_, domain) = address.rsplit_once('@').unwrap_or_default();
    let sources = match &options.autoconfig {
        Some(url) => Sources::Only(url.clone()),
        None if options.no_autoconfig || !is_domain(domain) => return Ok(None),
        None => {
            asker.tell(&format!("popfetch does not know {domain}."));
            let question = format!(
                "May it ask {domain}, and Thunderbird's database, over HTTPS where the mail is?"
            );
            if !asker.agree(&question, true)? {
                return Ok(None);
            }
            Sources::Usual
        }
    };
    let found = match autoconfig::look_up(address, &sources, &asker.stop) {
        Ok(found) => found,
        Err(autoconfig::Error::Stopped) => return Err(Cancelled),
        Err(error) => {
            asker.tell(&format!("Nothing found: {}.", chain(&error)));
            return Ok(None);
        }
    };
    let Found { told_by, name, .. } = &found;
    let Some((tls, server)) = found.servers.iter().find_map(|server| {
        let tls = match server.tls {
            Tls::Implicit => TlsMode::Implicit,
            Tls::StartTls => TlsMode::Starttls,
            Tls::None => return None,
        };
        Some((tls, server))
    }) else {
        asker.tell(&format!(
            "{told_by} names a server without TLS only, to which popfetch sends no password."
        ));
        return Ok(None);
    };
    let name = name
        .as_deref()
        .map_or_else(String::new, |name| format!(" ({})", visible::text(name)));
    let by = match tls {
        TlsMode::Implicit => "TLS",
        TlsMode::Starttls => "TLS by STLS",
    };
    asker.tell(&format!("{told_by}{name} says:"));
    asker.tell_behind(
        "  server ",
        &format!("{} port {}, {by}", server.host, server.port),
    );
    asker.tell_behind("  user   ", &visible::text(&server.user));
    if let Some(page) = &found.page {
        asker.tell_behind("  help   ", &visible::text(page));
    }
    if !asker.agree("Is that right?", true)? {
        return Ok(None);
    }
    let answering = Answering {
        host: server.host.clone(),
        port: server.port,
        tls,
    };
    Ok(Some((answering, server.user.clone())))
}

/// What answers under one of the usual names.
fn guessed(
    options: &AccountAdd,
    address: &str,
    asker: &Asker,
) -> Result<Option<(Answering, String)>, Cancelled> {
    let (_, domain) = address.rsplit_once('@').unwrap_or_default();
    if options.no_autoconfig || options.autoconfig.is_some() || !is_domain(domain) {
        return Ok(None);
    }
    if !asker.agree(&format!("Try the usual names, such as pop.{domain}?"), true)? {
        return Ok(None);
    }
    let found = probe::guess(domain, &asker.stop);
    asker.goes_on()?;
    match &found {
        Some(found) => asker.tell(&format!("{} answers at port {}.", found.host, found.port)),
        None => asker.tell("None of them answers."),
    }
    Ok(found.map(|found| (found, address.to_owned())))
}

/// What somebody types.
fn typed(address: &str, asker: &Asker) -> Result<Answering, Cancelled> {
    let (_, domain) = address.rsplit_once('@').unwrap_or_default();
    asker.tell("");
    asker.tell(&format!(
        "The provider's help pages say what its POP3 server, or server for incoming mail, is: such as pop.{}.",
        visible::text(domain)
    ));
    loop {
        let answer = asker.line("POP3 server", None)?;
        if !is_host(&answer) {
            report::say(
                &"Please type a name alone, such as pop.example.org; --port names another port than 995 and 110.",
            );
            continue;
        }
        let found = probe::ports(&answer, &asker.stop);
        asker.goes_on()?;
        if let Some(found) = found {
            asker.tell(&format!("It answers at port {}.", found.port));
            return Ok(found);
        }
        asker.tell(&format!(
            "{answer} answers neither at port 995 with TLS nor at port 110 with STLS."
        ));
        if asker.agree("Take it all the same?", false)? {
            return Ok(Answering {
                host: answer,
                port: Security::IMPLICIT_PORT,
                tls: TlsMode::Implicit,
            });
        }
    }
}

/// An error with its causes, harmless.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let words: Vec<String> = causes.map(ToString::to_string).collect();
    visible::text(&words.join(": "))
}
