//! Where mail goes.

use super::{HEAD, account, found, left_out};
use crate::import::Deliver;

fn delivered(destination: &str) -> Vec<Deliver> {
    account(&format!("{HEAD}{destination}")).deliver
}

fn maildir(path: &str) -> Deliver {
    Deliver::Maildir(path.into())
}

fn mbox(path: &str, flock: bool) -> Deliver {
    let path = path.into();
    Deliver::Mbox { path, flock }
}

#[test]
fn maildirs_and_mboxes_keep_their_place() {
    assert_eq!(
        delivered("[destination]\ntype = Maildir\npath = ~/M/\n"),
        [maildir("/home/jo/M/")]
    );
    let locked = "[destination]\ntype = Mboxrd\npath = $HOME/m\nlocktype = flock\n";
    assert_eq!(delivered(locked), [mbox("/home/jo/m", true)]);
    let relative = account(&format!(
        "{HEAD}[destination]\ntype = Mboxrd\npath = m\nlocktype = lockf\n"
    ));
    assert_eq!(relative.deliver, [mbox("/home/jo/m", false)]);
    assert!(
        relative
            .remarks
            .iter()
            .any(|r| r.starts_with("`path` is relative"))
    );
    let others =
        "[destination]\ntype = Maildir\npath = ~other/M/\nuser = a\nfilemode = 0644\nx = 1\n";
    assert_eq!(delivered(others), []);
    let lines: Vec<_> = left_out(others).into_iter().map(|left| left.0).collect();
    assert_eq!(lines, [3, 4, 5, 6]);
    assert_eq!(
        left_out("[destination]\ntype = Maildir\npath = /m/\nfilemode = 0600\n"),
        []
    );
}

#[test]
fn a_program_gets_its_arguments_and_a_shell_puts_the_sender_in() {
    let piped = |lines: &str| {
        let text = format!("[destination]\ntype = MDA_external\npath = ~/mda\n{lines}");
        delivered(&text).pop()
    };
    let pipe = |argv: &[&str], unix_from| {
        let argv = argv.iter().map(|&argument| argument.to_owned()).collect();
        Some(Deliver::Pipe { argv, unix_from })
    };
    assert_eq!(piped(""), pipe(&["/home/jo/mda"], false));
    assert_eq!(
        piped("arguments = ('~/x', '$HOME', '%(mailbox)', '%(recipient)')\nunixfrom = 1\n"),
        pipe(
            &["/home/jo/mda", "/home/jo/x", "/home/jo", "", "%(recipient)"],
            true
        )
    );
    assert_eq!(
        piped("arguments = ('-f', '%(sender)', 'a b=%(sender)c', '')\n"),
        pipe(
            &[
                "sh",
                "-c",
                "exec /home/jo/mda -f \"$POPFETCH_SENDER\" 'a b='\"$POPFETCH_SENDER\"c ''"
            ],
            false
        )
    );
    assert_eq!(piped("arguments = ('-x')\n"), None);
    assert_eq!(piped("arguments = ('~other/x',)\n"), None);
}

#[test]
fn a_program_that_is_to_be_told_the_recipient_gets_no_mail() {
    let text = HEAD.replace("Simple", "Multidrop")
        + "[destination]\ntype = MDA_external\npath = /mda\narguments = ('%(local)',)\n";
    assert_eq!(account(&text).deliver, []);
    assert_eq!(found(&text).left_out[0].line, 8);
}

#[test]
fn lmtp_goes_to_a_socket_or_a_host() {
    let lmtp = |lines: &str| delivered(&format!("[destination]\ntype = MDA_lmtp\n{lines}")).pop();
    let at = |address: &str, recipient: Option<&str>| {
        let (address, recipient) = (address.to_owned(), recipient.map(str::to_owned));
        Some(Deliver::Lmtp { address, recipient })
    };
    assert_eq!(
        lmtp("host = /run/lmtp\noverride = al\n"),
        at("unix:/run/lmtp", Some("al"))
    );
    assert_eq!(
        lmtp("host = h\nport = 24\nfallback = b\n"),
        at("h:24", None)
    );
    assert_eq!(lmtp("host = ::1\n"), at("[::1]:2003", None));
    assert_eq!(lmtp(""), None);
}

#[test]
fn several_destinations_are_named_by_section_or_path() {
    let text = "[destination]\ntype = MultiDestination\n\
        destinations = ('~/M/', '[b]', '/x', '[none]', '[destination]')\n\
        [b]\ntype = MultiGuesser\ndefault = [c]\nlocals = (('a', '[d]'),)\n\
        [c]\ntype = Mboxrd\npath = /c\n[d]\ntype = Mboxrd\npath = /d\n";
    let expected = [maildir("/home/jo/M/"), mbox("/c", false), mbox("/x", false)];
    assert_eq!(delivered(text), expected);
    let lines: Vec<_> = left_out(text).into_iter().map(|left| left.0).collect();
    // The circle, the section that is not there, what sorts, and the section that nothing names then.
    assert_eq!(lines, [1, 3, 7, 11]);
}

#[test]
fn destinations_that_multiply_are_bounded() {
    let name = |n: usize| format!("'[s{n}]', ").repeat(20);
    let mut text = format!(
        "{HEAD}[destination]\ntype = MultiDestination\ndestinations = ({})\n",
        name(0)
    );
    for n in 0..20 {
        let section = format!(
            "[s{n}]\ntype = MultiDestination\ndestinations = ('/m', {})\n",
            name(n + 1)
        );
        text.push_str(&section);
    }
    assert!(account(&text).deliver.len() <= 64);
}
