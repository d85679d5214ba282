//! The manual pages: each section from the definition of the command line, or from `NAME.roff` beside this file, which
//! holds what no definition does. `command.roff` stands in for a command that has none.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use clap::{Arg, ArgAction};
use clap_mangen::Man;

use super::{commands, definition, examples, hold, root};

/// The day of the last change to the pages, as manual pages carry one.
const DATE: &str = "2026-11-22";

/// The commands whose pages belong together.
const RELATED: [(&str, &[&str]); 8] = [
    (
        "popfetch",
        &["popfetch-config(5)", "crontab(5)", "systemd.exec(5)"],
    ),
    (
        "popfetch-check",
        &["popfetch-status(1)", "popfetch-schedule(1)"],
    ),
    ("popfetch-list", &["popfetch-status(1)", "popfetch-sync(1)"]),
    ("popfetch-login", &["popfetch-logout(1)", "secret-tool(1)"]),
    ("popfetch-logout", &["popfetch-login(1)"]),
    (
        "popfetch-retry",
        &["popfetch-status(1)", "popfetch-sync(1)"],
    ),
    (
        "popfetch-schedule",
        &[
            "crontab(1)",
            "crontab(5)",
            "loginctl(1)",
            "systemd.timer(5)",
        ],
    ),
    (
        "popfetch-sync",
        &["popfetch-list(1)", "popfetch-schedule(1)"],
    ),
];

/// All pages of section 1: their names and their texts.
fn pages() -> Vec<(String, String)> {
    let command = definition();
    let mut pages = vec![("popfetch".to_owned(), page("popfetch", &command))];
    for command in commands(&command) {
        // `build` gave it the name that a page has.
        let name = command.get_display_name().unwrap().to_owned();
        let page = page(&name, command);
        pages.push((name, page));
    }
    pages
}

/// The page of a command.
fn page(name: &str, command: &clap::Command) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let man = Man::new(command.clone())
        .title(name.to_uppercase())
        .date(DATE)
        .source(format!("popfetch {version}"))
        .manual("User Commands");
    let section = |render: &dyn Fn(&Man, &mut dyn std::io::Write) -> std::io::Result<()>| {
        let mut section = Vec::new();
        render(&man, &mut section).unwrap();
        marked(&String::from_utf8(section).unwrap())
    };
    let parts = [
        section(&|man, out| man.render_title(out)),
        // apropos(1) reads this line: nothing is bold in it.
        section(&|man, out| man.render_name_section(out))
            .replace("\\fB", "")
            .replace("\\fR", ""),
        synopsis(command),
        section(&|man, out| man.render_description_section(out)),
        section(&|man, out| man.render_options_section(out)),
        list(command),
        own(name, "EXIT STATUS"),
        own(name, "ENVIRONMENT"),
        own(name, "FILES"),
        shown(command),
        own(name, "SECURITY"),
        see_also(name, command),
    ];
    parts.concat()
}

/// How the command is called: each option with its value, those of all commands together.
fn synopsis(command: &clap::Command) -> String {
    let mut line = format!(
        "\\fB{}\\fR",
        escape(command.get_bin_name().unwrap_or("popfetch"))
    );
    let own = command.get_arguments().filter(|arg| !arg.is_hide_set());
    let (positional, options): (Vec<_>, Vec<_>) = own.partition(|arg| arg.is_positional());
    let is_own = |arg: &&Arg| {
        let is_help = matches!(
            arg.get_action(),
            ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong
        );
        !arg.is_global_set() && !is_help && !matches!(arg.get_action(), ArgAction::Version)
    };
    for option in options.into_iter().filter(is_own) {
        let mut said = match (option.get_short(), option.get_long()) {
            (Some(short), Some(long)) => {
                format!("\\fB\\-{short}\\fR|\\fB\\-\\-{}\\fR", escape(long))
            }
            (_, Some(long)) => format!("\\fB\\-\\-{}\\fR", escape(long)),
            (short, None) => format!("\\fB\\-{}\\fR", short.unwrap()),
        };
        if option.get_action().takes_values() {
            write!(said, " {}", value(option)).unwrap();
        }
        line += &bracketed(&said, option.is_required_set());
    }
    line += " [\\fIGLOBAL OPTION\\fR]...";
    for argument in positional {
        let mut said = value(argument);
        if argument
            .get_num_args()
            .is_some_and(|many| many.max_values() > 1)
        {
            said += "...";
        }
        line += &bracketed(&said, argument.is_required_set());
    }
    if command.has_subcommands() {
        line += " \\fICOMMAND\\fR";
    }
    format!(".SH SYNOPSIS\n.nh\n{line}\n.hy\n")
}

/// A part of the synopsis, in brackets if it can be left out.
fn bracketed(said: &str, is_required: bool) -> String {
    if is_required {
        format!(" {said}")
    } else {
        format!(" [{said}]")
    }
}

/// What stands for a value: a name for what is meant, or the words to choose from.
fn value(arg: &Arg) -> String {
    let names = arg.get_value_names().unwrap_or_default();
    let name = escape(&names.join(" "));
    if name.contains('|') {
        format!("\\fB{}\\fR", name.replace('|', "\\fR|\\fB"))
    } else {
        format!("\\fI{name}\\fR")
    }
}

/// The commands in this one.
fn list(command: &clap::Command) -> String {
    let mut list = String::new();
    for below in command.get_subcommands() {
        if below.get_name() == "help" || below.is_hide_set() {
            continue;
        }
        let name = escape(below.get_display_name().unwrap());
        let about = below.get_about().unwrap_or_default().to_string();
        writeln!(list, ".TP\n\\fB{name}\\fR(1)\n{}.", marked(&escape(&about))).unwrap();
    }
    match list.as_str() {
        "" => list,
        _ => format!(".SH COMMANDS\n{list}"),
    }
}

/// The examples, each with its purpose.
fn shown(command: &clap::Command) -> String {
    let mut section = String::new();
    for example in examples::of(command) {
        let (does, line) = (escape(&example.does), escape(&example.line));
        write!(
            section,
            ".PP\n{}:\n.PP\n.RS 4\n.nf\n\\fB{line}\\fR\n.fi\n.RE\n",
            marked(&does)
        )
        .unwrap();
    }
    match section.as_str() {
        "" => section,
        // A heading begins a paragraph itself.
        _ => format!(".SH EXAMPLES\n{}", section.trim_start_matches(".PP\n")),
    }
}

/// A section that is written by hand: the command's own, or the one that all have.
fn own(name: &str, heading: &str) -> String {
    let read = |name: &str| {
        let path = root().join(format!("tests/it/manual/{name}.roff"));
        fs::read_to_string(path).unwrap_or_default()
    };
    let find = |text: String| {
        let mut sections = text.split(".SH ").map(str::to_owned);
        sections.find(|section| {
            section
                .lines()
                .next()
                .is_some_and(|line| line.trim_matches('"') == heading)
        })
    };
    let own = find(read(name));
    let section = if name == "popfetch" {
        own
    } else {
        own.or_else(|| find(read("command")))
    };
    section.map_or(String::new(), |section| format!(".SH {section}"))
}

/// The pages to read next: that of the whole, of what holds this command, of what it holds, and others.
fn see_also(name: &str, command: &clap::Command) -> String {
    let mut pages = Vec::new();
    for (at, _) in name.match_indices('-') {
        pages.push(format!("{}(1)", &name[..at]));
    }
    pages.extend(
        commands(command)
            .iter()
            .map(|below| format!("{}(1)", below.get_display_name().unwrap())),
    );
    if name != "popfetch" {
        pages.push("popfetch-config(5)".to_owned());
    }
    let related = RELATED.iter().find(|(of, _)| *of == name);
    let exists = |page: &&&str| {
        !page.starts_with("popfetch-") || page.ends_with("(5)") || {
            let name = page.trim_end_matches("(1)");
            commands(&definition())
                .iter()
                .any(|command| command.get_display_name() == Some(name))
        }
    };
    let related = related.map_or(&[][..], |(_, pages)| pages);
    pages.extend(related.iter().filter(exists).map(|page| (*page).to_owned()));
    let lines: Vec<_> = pages
        .iter()
        .map(|page| {
            let (name, section) = page.split_once('(').unwrap();
            format!("\\fB{}\\fR({section}", escape(name))
        })
        .collect();
    format!(".SH \"SEE ALSO\"\n{}\n", lines.join(",\n"))
}

/// Text for a page: hyphens that are to be copied, backslashes, and no line that would be a request.
fn escape(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    match text.as_bytes() {
        [b'.' | b'\'', ..] => format!("\\&{text}"),
        _ => text,
    }
}

/// What stands between backquotes in a help text is bold on a page.
fn marked(text: &str) -> String {
    let mut pieces = text.split('`');
    let mut page = pieces.next().unwrap_or_default().to_owned();
    while let Some(bold) = pieces.next() {
        let after = pieces
            .next()
            .unwrap_or_else(|| panic!("an odd backquote: {text}"));
        page.extend(["\\fB", bold, "\\fR", after]);
    }
    page
}

#[test]
fn the_manual_pages_say_what_the_program_does() {
    let pages = pages();
    for (name, page) in &pages {
        hold(&format!("man/{name}.1"), page.as_bytes());
    }
    let committed = fs::read_dir(root().join("man")).unwrap();
    let committed = committed.map(|entry| entry.unwrap().path());
    let mut names: Vec<_> = committed
        .filter(|path| path.extension() == Some(OsStr::new("1")))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    let mut known: Vec<_> = pages.into_iter().map(|(name, _)| name).collect();
    known.sort();
    assert_eq!(names, known, "man/ holds a page of nothing");
}

/// What a program says of a page on its standard input; it has to end well.
fn complaint(command: &mut Command, page: &str) -> String {
    let command = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(page.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let lint = command.get_program() == "mandoc";
    let said = if lint { output.stdout } else { output.stderr };
    String::from_utf8_lossy(&said).into_owned()
}

#[test]
fn mandoc_and_groff_find_nothing_wrong_with_any_page() {
    let mut pages = pages();
    let config = fs::read_to_string(root().join("man/popfetch-config.5")).unwrap();
    pages.push(("popfetch-config".to_owned(), config));
    for (name, page) in pages {
        let mut mandoc = Command::new("mandoc");
        mandoc.args(["-Tlint", "-W", "warning"]);
        assert_eq!(complaint(&mut mandoc, &page), "", "{name}");
        let mut man = Command::new("man");
        man.args(["--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", "-"]);
        man.env("LC_ALL", "C.UTF-8").env("MANWIDTH", "80");
        assert_eq!(complaint(&mut man, &page), "", "{name}");
    }
}

#[test]
fn a_page_that_is_wrong_is_complained_of() {
    let wrong = ".TH X 1 2026-11-22\n.SH NAME\nx \\- y\n.NOSUCH\n";
    let mut mandoc = Command::new("mandoc");
    mandoc.args(["-Tlint", "-W", "warning"]);
    assert!(complaint(&mut mandoc, wrong).contains("NOSUCH"));
    let mut man = Command::new("man");
    man.args(["--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", "-"]);
    assert!(complaint(&mut man, wrong).contains("NOSUCH"));
}

#[test]
fn every_page_has_the_sections_that_a_reader_looks_for() {
    for (name, page) in pages() {
        for heading in [
            "NAME",
            "SYNOPSIS",
            "DESCRIPTION",
            "OPTIONS",
            "EXIT STATUS",
            "FILES",
            "SECURITY",
            "SEE ALSO",
        ] {
            let plain = format!("\n.SH {heading}\n");
            let quoted = format!("\n.SH \"{heading}\"\n");
            assert!(
                page.contains(&plain) || page.contains(&quoted),
                "{name} has no {heading}"
            );
        }
        assert!(!page.contains('`'), "{name} has a backquote");
    }
}
