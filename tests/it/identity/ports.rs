//! A server that has another port now, as tunnels have: the maildrop behind it is known again, or found to be another.
//!
//! It owns the proofs that a new port costs no fetching where enough speaks for the same maildrop, and nothing but
//! fetching where it is another.

use jiff::Timestamp;
use popfetch::state::{Ledger, Lock};

use super::super::support::engine::Engine;
use super::super::support::mailbox::{Mailbox, PASSWORD, USER, account};
use super::super::support::maildrop::{Maildrop, Message};
use super::super::support::options::{Act, Fault, Options, Tls};
use super::super::support::sandbox::Sandbox;
use super::super::support::server::Server;
use super::message;

/// A server that has this mail for the user.
fn server(mail: impl IntoIterator<Item = Message>) -> Server {
    server_with(mail.into_iter().collect())
}

fn server_with(mail: Maildrop) -> Server {
    Server::start(Options::new(Tls::None).user(USER, PASSWORD, mail))
}

/// Lets the account lead to this server, which is on another port than the one before.
fn relocate(mailbox: &mut Mailbox, to: Server) {
    assert_ne!(mailbox.server.port(), to.port());
    mailbox.server = to;
    mailbox.configure("");
}

/// A mailbox of so many messages that were all fetched, now on a server with another port.
fn relocated(count: usize) -> Mailbox {
    let mut mailbox = Mailbox::new(count);
    sync_asking_for(&mailbox, count);
    let to = server_with(mailbox.server.maildrop(USER));
    relocate(&mut mailbox, to);
    mailbox
}

/// A mailbox whose messages were all fetched; behind another port are others now, under the same uids.
fn exchanged(here: &[&str], there: &[&str]) -> Mailbox {
    let mail = |bodies: &[&str]| -> Vec<Message> {
        let bodies = bodies.iter().enumerate();
        bodies
            .map(|(n, body)| message(&n.to_string(), body))
            .collect()
    };
    let mut mailbox = Mailbox::new(0);
    mailbox.replace(mail(here));
    sync_asking_for(&mailbox, here.len());
    relocate(&mut mailbox, server(mail(there)));
    mailbox
}

/// Runs well, and asks for so many messages.
#[track_caller]
fn sync_asking_for(mailbox: &Mailbox, messages: usize) {
    let before = mailbox.server.count("RETR");
    let run = mailbox.sync();
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert_eq!(mailbox.server.count("RETR") - before, messages);
}

/// Asserts that a message of each of these bodies is here, once, and no other.
#[track_caller]
fn assert_here(mailbox: &Mailbox, bodies: &[&str]) {
    let mut here: Vec<_> = mailbox.here().iter().map(|mail| body(mail)).collect();
    here.sort();
    let mut bodies = bodies.to_vec();
    bodies.sort_unstable();
    assert_eq!(here, bodies);
}

fn body(mail: &[u8]) -> String {
    let text = String::from_utf8(mail.to_vec()).unwrap();
    text.lines().last().unwrap().to_owned()
}

/// Whether anything is on record of the user on this port.
fn is_on_record(sandbox: &Sandbox, port: u16) -> bool {
    let ledger = Ledger::open(&sandbox.path("state/popfetch"), std::sync::Arc::default()).unwrap();
    let account = ledger.find(&format!("127.0.0.1:{port}"), USER).unwrap();
    account.is_some()
}

#[test]
fn a_new_port_brings_nothing_again_and_new_mail_goes_on() {
    let mailbox = relocated(5);
    let here = mailbox.here();
    sync_asking_for(&mailbox, 0);
    assert_eq!(mailbox.here(), here);
    mailbox.deposit("new");
    sync_asking_for(&mailbox, 1);
    assert_eq!(mailbox.here(), mailbox.there());
    // It is settled: what is known may be deleted.
    mailbox.configure("leave-on-server = false");
    sync_asking_for(&mailbox, 0);
    assert!(mailbox.there().is_empty());
}

#[test]
fn what_the_server_said_on_its_former_port_is_not_asked_again() {
    let mailbox = relocated(5);
    for _ in 0..2 {
        sync_asking_for(&mailbox, 0);
        assert_eq!(mailbox.server.count("CAPA"), 0);
    }
}

#[test]
fn a_port_that_changes_together_with_new_mail_brings_the_new_mail_only() {
    let mailbox = relocated(3);
    mailbox.deposit("new");
    sync_asking_for(&mailbox, 1);
    assert_eq!(mailbox.here(), mailbox.there());
}

#[test]
fn a_port_that_changes_again_before_anything_was_listed_brings_nothing_again() {
    let mut mailbox = relocated(4);
    let silence = Fault::Each("GREETING", Act::Cut);
    mailbox.server.set_faults(vec![silence]);
    assert_eq!(mailbox.sync().code, 75);
    let to = server_with(mailbox.server.maildrop(USER));
    relocate(&mut mailbox, to);
    sync_asking_for(&mailbox, 0);
    assert_eq!(mailbox.here(), mailbox.there());
}

#[test]
fn two_messages_prove_nothing_and_are_recognised_by_content() {
    let mailbox = relocated(2);
    let here = mailbox.here();
    sync_asking_for(&mailbox, 2);
    sync_asking_for(&mailbox, 0);
    mailbox.configure("leave-on-server = false");
    sync_asking_for(&mailbox, 0);
    assert_eq!(mailbox.here(), here);
    assert!(mailbox.there().is_empty());
}

#[test]
fn another_maildrop_with_the_same_uids_and_sizes_is_fetched_before_it_is_deleted() {
    let mailbox = exchanged(&["own-1", "own-2"], &["new-1", "new-2"]);
    mailbox.configure("leave-on-server = false");
    sync_asking_for(&mailbox, 2);
    assert_here(&mailbox, &["own-1", "own-2", "new-1", "new-2"]);
    assert!(mailbox.there().is_empty());
}

#[test]
fn one_message_of_another_size_makes_all_be_fetched() {
    let own = ["own-1", "own-2", "own-3", "own-4"];
    let new = ["new-1", "new-2", "new-3", "new longer"];
    let mailbox = exchanged(&own, &new);
    mailbox.configure("leave-on-server = false");
    sync_asking_for(&mailbox, 4);
    assert_here(&mailbox, &[own, new].concat());
    assert!(mailbox.there().is_empty());
}

#[test]
fn what_was_doubted_and_did_not_come_is_doubted_by_the_next_run_too() {
    let own = ["own-1", "own-2", "own-3", "own-4"];
    let new = ["new-1", "new-2", "new-3", "new longer"];
    let mailbox = exchanged(&own, &new);
    mailbox.configure("leave-on-server = false\nmax-messages = 2");
    sync_asking_for(&mailbox, 2);
    assert_eq!(mailbox.there().len(), 2);
    let refusal = Act::reply("-ERR not now");
    let refused = vec![Fault::Each("RETR 1", refusal)];
    mailbox.server.set_faults(refused);
    assert_eq!(mailbox.sync().code, 69);
    assert_eq!(mailbox.there().len(), 1, "it was deleted unread");
    mailbox.server.set_faults(Vec::new());
    sync_asking_for(&mailbox, 1);
    assert_here(&mailbox, &[own, new].concat());
    assert!(mailbox.there().is_empty());
}

#[test]
fn an_empty_listing_settles_nothing() {
    let mut mailbox = Mailbox::new(4);
    sync_asking_for(&mailbox, 4);
    let mail = mailbox.server.maildrop(USER);
    relocate(&mut mailbox, server([]));
    sync_asking_for(&mailbox, 0);
    mailbox.server.replace(USER, mail);
    sync_asking_for(&mailbox, 0);
    assert_eq!(mailbox.here(), mailbox.there());

    let mailbox = exchanged(&["own-1", "own-2"], &[]);
    sync_asking_for(&mailbox, 0);
    mailbox.replace([message("0", "new-1"), message("1", "new-2")]);
    sync_asking_for(&mailbox, 2);
    assert_here(&mailbox, &["own-1", "own-2", "new-1", "new-2"]);
}

#[test]
fn a_message_that_comes_back_after_its_deletion_speaks_for_no_other_maildrop() {
    let back = || message("back", "deleted and back");
    let mut mailbox = Mailbox::new(0);
    mailbox.replace([back()]);
    mailbox.configure("leave-on-server = false");
    sync_asking_for(&mailbox, 1);
    mailbox.configure("");
    let mail = Maildrop::sample("mail", 0, 3);
    mailbox.server.replace(USER, mail.clone());
    sync_asking_for(&mailbox, 3);
    relocate(&mut mailbox, server_with(mail));
    mailbox.server.deposit(USER, back());
    sync_asking_for(&mailbox, 1);
    assert_eq!(mailbox.here(), mailbox.there());
}

#[test]
fn another_users_account_on_the_former_port_claims_nothing() {
    let mut mailbox = Mailbox::new(3);
    sync_asking_for(&mailbox, 3);
    let (former, mail) = (mailbox.server.port(), mailbox.server.maildrop(USER));
    mailbox.server = server_with(mail);
    let work = account("work", mailbox.server.port(), USER);
    let other = account("other", former, "other@example.org");
    let password = format!("password = \"{PASSWORD}\"\n");
    mailbox.sandbox.config(&format!(
        "{work}{password}{other}{password}enabled = false\n"
    ));
    sync_asking_for(&mailbox, 0);
}

#[test]
fn what_was_absent_and_returns_behind_another_port_is_doubted_too() {
    let mailbox = exchanged(&["own-1"], &[]);
    mailbox.replace([message("other", "new-1")]);
    sync_asking_for(&mailbox, 1);
    mailbox.replace([message("0", "new-2")]);
    mailbox.configure("leave-on-server = false");
    sync_asking_for(&mailbox, 1);
    assert_here(&mailbox, &["own-1", "new-1", "new-2"]);
}

#[test]
fn a_dry_run_and_status_look_at_the_former_port_and_leave_it() {
    let mailbox = relocated(3);
    let before = mailbox.sandbox.snapshot();
    let out = mailbox.sandbox.run(["sync", "--dry-run"]);
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
    assert!(!out.stdout.contains(": fetch: "), "{}", out.stdout);
    let out = mailbox.sandbox.run(["status"]);
    assert!(out.stdout.contains("     3           3"), "{}", out.stdout);
    assert!(
        mailbox.sandbox.snapshot() == before,
        "something was changed"
    );
    let mailbox = relocated(2);
    let out = mailbox.sandbox.run(["sync", "--dry-run"]);
    assert_eq!(out.stdout.matches(": fetch: ").count(), 2, "{}", out.stdout);
}

/// The accounts `one` and `two` of one user on two servers, whose mail has the same uids and sizes.
fn pair() -> (Sandbox, [Server; 2], [String; 2]) {
    let servers = ["one", "two"].map(|name| server((0..3).map(|n| message(&n.to_string(), name))));
    let table = |n: usize, name| {
        let table = account(name, servers[n].port(), USER);
        format!("{table}password = \"{PASSWORD}\"\n")
    };
    let tables = [table(0, "one"), table(1, "two")];
    (Sandbox::new(), servers, tables)
}

#[test]
fn two_accounts_on_two_ports_keep_their_own_whatever_their_order() {
    for disabled in ["", "enabled = false\n"] {
        for [first, second] in [[0, 1], [1, 0]] {
            let names = ["one", "two"];
            let (sandbox, servers, tables) = pair();
            // What is on record of an account is its own, also where it takes no part.
            let mut tables = [tables[first].clone(), tables[second].clone()];
            tables[0].push_str(disabled);
            sandbox.config(&tables.concat());
            let sync = |account: usize, messages: usize| {
                let before = servers[account].count("RETR");
                let run = sandbox.run(["sync", names[account]]);
                assert_eq!((run.code, run.stderr.as_str()), (0, ""));
                assert_eq!(servers[account].count("RETR") - before, messages);
            };
            sync(first, 3);
            let dry = sandbox.run(["sync", "--dry-run", names[second]]);
            assert_eq!(dry.stdout.matches(": fetch: ").count(), 3, "{}", dry.stdout);
            sync(second, 3);
            sync(second, 0);
            sync(first, 0);
            for (name, server) in names.iter().zip(&servers) {
                let here = sandbox.mail(&format!("Mail/{name}"));
                assert_eq!(here, server.maildrop(USER).stored());
            }
        }
    }
}

#[test]
fn of_two_former_ports_none_is_taken() {
    let (sandbox, servers, tables) = pair();
    sandbox.config(&tables.concat());
    assert_eq!(sandbox.run(["sync"]).code, 0);
    let mailbox = Mailbox {
        server: server((0..3).map(|n| message(&n.to_string(), "one"))),
        sandbox,
    };
    mailbox.configure("");
    sync_asking_for(&mailbox, 3);
    assert!(
        servers
            .iter()
            .all(|server| is_on_record(&mailbox.sandbox, server.port()))
    );
}

#[test]
fn a_port_from_which_nothing_was_ever_fetched_is_no_former_one() {
    let (sandbox, [one, two], tables) = pair();
    sandbox.config(&tables.concat());
    two.set_faults(vec![Fault::Each("GREETING", Act::Cut)]);
    assert_eq!(sandbox.run(["sync"]).code, 75);
    assert!(is_on_record(&sandbox, two.port()));
    let server = server_with(one.maildrop(USER));
    let mailbox = Mailbox { sandbox, server };
    mailbox.configure("");
    let here = mailbox.here();
    // Of one size and under the shortest of uids they prove nothing by themselves.
    sync_asking_for(&mailbox, 3);
    assert_eq!(mailbox.here(), here);
    assert!(!is_on_record(&mailbox.sandbox, one.port()));
}

#[test]
fn another_hosts_state_is_not_taken() {
    let mailbox = relocated(3);
    let table = account("work", mailbox.server.port(), USER).replace("127.0.0.1", "localhost");
    mailbox
        .sandbox
        .config(&format!("{table}password = \"{PASSWORD}\"\n"));
    sync_asking_for(&mailbox, 3);
}

#[test]
fn another_users_state_is_not_taken() {
    let mut mailbox = Mailbox::new(3);
    sync_asking_for(&mailbox, 3);
    let mail = mailbox.server.maildrop(USER);
    let other = Options::new(Tls::None).user("other", PASSWORD, mail);
    mailbox.server = Server::start(other);
    let table = account("other", mailbox.server.port(), "other");
    mailbox
        .sandbox
        .config(&format!("{table}password = \"{PASSWORD}\"\n"));
    sync_asking_for(&mailbox, 3);
}

#[test]
fn what_an_interrupted_run_owes_is_published_under_the_new_port() {
    let mut mailbox = Mailbox::new(4);
    let dead = Engine::on(&mailbox);
    let mail = mailbox.server.maildrop(USER);
    {
        let ledger = dead.ledger();
        let account = dead.account(&ledger);
        let staged = dead.stage(&account, mail.messages());
        dead.commit(&account, &staged, Timestamp::now());
    }
    relocate(&mut mailbox, server_with(mail));
    sync_asking_for(&mailbox, 0);
    assert_eq!(mailbox.here(), mailbox.there());
}

#[test]
fn the_former_port_of_a_run_that_goes_on_is_waited_for() {
    let mut mailbox = Mailbox::new(4);
    sync_asking_for(&mailbox, 4);
    let (former, mail) = (mailbox.server.port(), mailbox.server.maildrop(USER));
    relocate(&mut mailbox, server_with(mail));
    let state = mailbox.sandbox.path("state/popfetch");
    let lock = Lock::acquire(&state, &format!("127.0.0.1:{former}"), USER).unwrap();
    let run = mailbox.sync();
    assert_eq!(run.code, 75, "{}", run.stderr);
    assert!(is_on_record(&mailbox.sandbox, former));
    drop(lock);
    sync_asking_for(&mailbox, 0);
}
