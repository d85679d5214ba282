//! Holds README.md to the program: each command in it is parsed, each configuration loaded, each file it names is there.
//!
//! It refuses to know the text. Invariant: a block that no rule here covers fails, so that none stays untested.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::support::sandbox::Sandbox;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).unwrap()
}

/// The blocks of code, each with its language.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            let code: Vec<&str> = lines
                .by_ref()
                .take_while(|line| !line.trim_start().starts_with("```"))
                .collect();
            blocks.push((language.to_owned(), code.join("\n")));
        }
    }
    blocks
}

/// The text between backquotes, outside of blocks.
fn quoted(text: &str) -> Vec<String> {
    let mut is_block = false;
    let prose = text.lines().filter(|line| {
        let is_fence = line.trim_start().starts_with("```");
        is_block ^= is_fence;
        !is_block && !is_fence
    });
    let prose = prose.collect::<Vec<_>>().join("\n");
    let parts = prose.split('`').skip(1).step_by(2);
    parts.map(str::to_owned).collect()
}

/// Asserts that a line is a command that can be run here.
#[track_caller]
fn is_command(line: &str) {
    let words = shell_words::split(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    // What a shell takes for a comment.
    let words: Vec<&String> = words.iter().take_while(|word| *word != "#").collect();
    match words.first().map(|word| word.as_str()) {
        None => {}
        Some("popfetch") => {
            let parsed = popfetch::cli::command().try_get_matches_from(&words);
            if let Err(error) = parsed {
                assert!(!error.use_stderr(), "{line}: {error}");
            }
        }
        Some("cargo") => {
            let said: Vec<&str> = words[1..].iter().map(|word| word.as_str()).collect();
            let known: [&[&str]; 3] = [
                &["run", "--release", "--example", "demo"],
                &["install", "--locked", "--path", "."],
                &["bench"],
            ];
            assert!(known.contains(&said.as_slice()), "{line}");
            assert!(root().join("tests/demo/main.rs").is_file());
        }
        Some(script) => {
            let file = fs::metadata(root().join(script));
            let mode = file
                .unwrap_or_else(|error| panic!("{line}: {error}"))
                .permissions()
                .mode();
            assert!(mode & 0o111 != 0, "{line}: it cannot be run");
        }
    }
}

/// Asserts that a configuration, or a line of an account, is right.
#[track_caller]
fn is_configuration(toml: &str) {
    let sandbox = Sandbox::new();
    let toml = toml.replace("sha256:…", &format!("sha256:{}", "0".repeat(64)));
    let whole = if toml.contains("[accounts.") {
        toml
    } else {
        let usual = [
            ("host", "\"pop.example.com\""),
            ("user", "\"me@example.com\""),
            ("deliver", "{ maildir = \"Mail\" }"),
        ];
        let missing = usual.into_iter().filter(|(key, _)| !toml.starts_with(key));
        let missing = missing.map(|(key, value)| format!("{key} = {value}"));
        let missing: Vec<String> = missing.collect();
        format!("[accounts.work]\n{}\n{toml}\n", missing.join("\n"))
    };
    let path = sandbox.write("readme.toml", &whole);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let loaded = popfetch::config::load(&path, &sandbox.path("home"));
    if let Err(error) = loaded {
        panic!("{whole}\n{}", error.render(false));
    }
}

#[test]
fn every_block_is_a_command_or_a_configuration_that_is_right() {
    let blocks = blocks(&readme());
    assert!(blocks.len() > 8, "{blocks:#?}");
    for (language, code) in blocks {
        match language.as_str() {
            "sh" => code.lines().for_each(|line| is_command(line)),
            "toml" if code.contains("[accounts.") => is_configuration(&code),
            "toml" => code.lines().for_each(|line| is_configuration(line)),
            "crontab" => {
                for line in code.lines() {
                    let command = line.splitn(6, ' ').nth(5);
                    is_command(command.unwrap_or_else(|| panic!("{line}")));
                }
            }
            other => panic!("nothing holds a block of {other:?}:\n{code}"),
        }
    }
}

#[test]
fn every_command_and_key_in_the_text_is_known() {
    let text = readme();
    let quoted = quoted(&text);
    let commands = quoted.iter().filter(|it| it.starts_with("popfetch "));
    let commands: Vec<&String> = commands.collect();
    assert!(commands.len() > 10, "{commands:#?}");
    for command in commands {
        is_command(command);
    }
    let settings = quoted.iter().filter(|it| {
        let key = it.split(" = ").next().unwrap_or_default();
        it.contains(" = ") && popfetch::config::ACCOUNT_KEYS.contains(&key) && !it.contains('…')
    });
    let settings: Vec<&String> = settings.collect();
    assert!(settings.len() > 4, "{settings:#?}");
    for setting in settings {
        is_configuration(setting);
    }
    let values = text.lines().filter_map(|line| {
        let value = line.strip_prefix("| `")?.split('`').next()?;
        let is_value = value.starts_with(['"', '[']) || ["true", "false"].contains(&value);
        is_value.then(|| format!("leave-on-server = {value}"))
    });
    let values: Vec<String> = values.collect();
    assert!(values.len() > 4, "{values:#?}");
    for value in values {
        is_configuration(&value);
    }
}

#[test]
fn every_file_that_is_named_is_there() {
    let text = readme();
    let targets = text.split("](").skip(1);
    let mut targets: Vec<&str> = targets.filter_map(|it| it.split(')').next()).collect();
    let names = [
        "man/",
        "completions/",
        ".packages",
        "tests/run",
        "tests/packages",
    ];
    for name in names {
        assert!(text.contains(name), "{name} is not named any more");
        targets.push(name);
    }
    assert!(targets.contains(&"man/sync.svg"));
    for target in targets {
        assert!(root().join(target).exists(), "{target} is not there");
    }
}

#[test]
fn the_pictures_show_a_sync_a_status_and_a_check_and_run_nothing() {
    for (picture, words) in [
        ("sync", &["new (", "on the server", "total"][..]),
        ("status", &["account", "last run", "today", "left there"]),
        ("check", &["✓", "✗", "capabilities", "→"]),
    ] {
        let svg = fs::read_to_string(root().join(format!("man/{picture}.svg"))).unwrap();
        for word in words {
            assert!(
                svg.contains(word),
                "{picture} has no {word:?}: tests/pictures/run"
            );
        }
        assert!(!svg.contains("<script"), "{picture}");
    }
}
