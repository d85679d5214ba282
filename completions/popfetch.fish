# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_popfetch_global_optspecs
    string join \n config= q/quiet v/verbose log-file= progress= color= json h/help V/version
end

function __fish_popfetch_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_popfetch_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_popfetch_using_subcommand
    set -l cmd (__fish_popfetch_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c popfetch -n "__fish_popfetch_needs_command" -l config -d 'Read this configuration instead of the usual one' -r -F
complete -c popfetch -n "__fish_popfetch_needs_command" -l log-file -d 'Append what is said and done to this file, a line each, with the time' -r -F
complete -c popfetch -n "__fish_popfetch_needs_command" -l progress -d 'Show progress bars; "auto" means on a terminal, "never" shows plain lines there' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_needs_command" -l color -d 'Use colours; "auto" means on a terminal, unless NO_COLOR is set' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_needs_command" -s q -l quiet -d 'Print errors only'
complete -c popfetch -n "__fish_popfetch_needs_command" -s v -l verbose -d 'Say what is done; twice: show the protocol, with secrets masked'
complete -c popfetch -n "__fish_popfetch_needs_command" -l json -d 'Print the result to standard output as one JSON object a line'
complete -c popfetch -n "__fish_popfetch_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c popfetch -n "__fish_popfetch_needs_command" -s V -l version -d 'Print version'
complete -c popfetch -n "__fish_popfetch_needs_command" -f -a "sync" -d 'Fetch what is new, deliver it, and delete from the server what the account does not leave there'
complete -c popfetch -n "__fish_popfetch_needs_command" -f -a "retry" -d 'Hand over now what waits for its destination, quarantined messages too'
complete -c popfetch -n "__fish_popfetch_needs_command" -f -a "refetch" -d 'Fetch mail again that was fetched before'
complete -c popfetch -n "__fish_popfetch_needs_command" -f -a "check" -d 'Say why no mail comes, or that nothing stands in its way'
complete -c popfetch -n "__fish_popfetch_needs_command" -f -a "list" -d 'Say what is on the server, message by message, and what `sync` would do with each and why'
complete -c popfetch -n "__fish_popfetch_needs_command" -f -a "status" -d 'Say how the accounts stand: what was fetched, and what waits to be delivered and why'
complete -c popfetch -n "__fish_popfetch_needs_command" -f -a "history" -d 'Say what was fetched, when, and where each message is now'
complete -c popfetch -n "__fish_popfetch_needs_command" -f -a "mark-seen" -d 'Put what is on the server on record as seen, without fetching it'
complete -c popfetch -n "__fish_popfetch_needs_command" -f -a "forget" -d 'Forget that messages were fetched: the next run fetches and delivers them again, if they are on the server'
complete -c popfetch -n "__fish_popfetch_needs_command" -f -a "import" -d 'Take over from another mail program: its accounts, and what it has fetched already'
complete -c popfetch -n "__fish_popfetch_needs_command" -f -a "export" -d 'Print all that is on record of messages, one JSON object a line, for backups and other programs'
complete -c popfetch -n "__fish_popfetch_needs_command" -f -a "account" -d 'Add, list and remove the accounts in the configuration'
complete -c popfetch -n "__fish_popfetch_needs_command" -f -a "login" -d 'Log in to an account: put its password into the keyring, or get an OAuth2 token'
complete -c popfetch -n "__fish_popfetch_needs_command" -f -a "logout" -d 'Remove an account\'s password from the keyring, or its OAuth2 tokens from this machine'
complete -c popfetch -n "__fish_popfetch_needs_command" -f -a "schedule" -d 'Print or install what runs `popfetch sync` by the clock: a line for cron, units for systemd, a list for launchd'
complete -c popfetch -n "__fish_popfetch_needs_command" -f -a "completions" -d 'Print the completion script of a shell'
complete -c popfetch -n "__fish_popfetch_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c popfetch -n "__fish_popfetch_using_subcommand sync" -l jobs -d 'Work on so many accounts at once' -r
complete -c popfetch -n "__fish_popfetch_using_subcommand sync" -l every -d 'Stay, and fetch again so often: 5m, 1h, 1d; SIGUSR1 fetches at once' -r
complete -c popfetch -n "__fish_popfetch_using_subcommand sync" -l remind -d 'Where nobody watches, tell trouble that lasts when it begins, once a day and when it is over; or in each run' -r -f -a "daily\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand sync" -l config -d 'Read this configuration instead of the usual one' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand sync" -l log-file -d 'Append what is said and done to this file, a line each, with the time' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand sync" -l progress -d 'Show progress bars; "auto" means on a terminal, "never" shows plain lines there' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand sync" -l color -d 'Use colours; "auto" means on a terminal, unless NO_COLOR is set' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand sync" -s n -l dry-run -d 'Say what would be done with each message, and do nothing'
complete -c popfetch -n "__fish_popfetch_using_subcommand sync" -l keep -d 'Delete nothing from the server in this run'
complete -c popfetch -n "__fish_popfetch_using_subcommand sync" -l sandbox -d 'Let nothing be opened or run but what fetching takes, for as long as popfetch runs (Linux)'
complete -c popfetch -n "__fish_popfetch_using_subcommand sync" -s q -l quiet -d 'Print errors only'
complete -c popfetch -n "__fish_popfetch_using_subcommand sync" -s v -l verbose -d 'Say what is done; twice: show the protocol, with secrets masked'
complete -c popfetch -n "__fish_popfetch_using_subcommand sync" -l json -d 'Print the result to standard output as one JSON object a line'
complete -c popfetch -n "__fish_popfetch_using_subcommand sync" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c popfetch -n "__fish_popfetch_using_subcommand retry" -l config -d 'Read this configuration instead of the usual one' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand retry" -l log-file -d 'Append what is said and done to this file, a line each, with the time' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand retry" -l progress -d 'Show progress bars; "auto" means on a terminal, "never" shows plain lines there' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand retry" -l color -d 'Use colours; "auto" means on a terminal, unless NO_COLOR is set' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand retry" -s q -l quiet -d 'Print errors only'
complete -c popfetch -n "__fish_popfetch_using_subcommand retry" -s v -l verbose -d 'Say what is done; twice: show the protocol, with secrets masked'
complete -c popfetch -n "__fish_popfetch_using_subcommand retry" -l json -d 'Print the result to standard output as one JSON object a line'
complete -c popfetch -n "__fish_popfetch_using_subcommand retry" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c popfetch -n "__fish_popfetch_using_subcommand refetch" -l config -d 'Read this configuration instead of the usual one' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand refetch" -l log-file -d 'Append what is said and done to this file, a line each, with the time' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand refetch" -l progress -d 'Show progress bars; "auto" means on a terminal, "never" shows plain lines there' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand refetch" -l color -d 'Use colours; "auto" means on a terminal, unless NO_COLOR is set' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand refetch" -l missing -d 'Fetch again what is gone from the Maildir here and still on the server'
complete -c popfetch -n "__fish_popfetch_using_subcommand refetch" -s q -l quiet -d 'Print errors only'
complete -c popfetch -n "__fish_popfetch_using_subcommand refetch" -s v -l verbose -d 'Say what is done; twice: show the protocol, with secrets masked'
complete -c popfetch -n "__fish_popfetch_using_subcommand refetch" -l json -d 'Print the result to standard output as one JSON object a line'
complete -c popfetch -n "__fish_popfetch_using_subcommand refetch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c popfetch -n "__fish_popfetch_using_subcommand check" -l config -d 'Read this configuration instead of the usual one' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand check" -l log-file -d 'Append what is said and done to this file, a line each, with the time' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand check" -l progress -d 'Show progress bars; "auto" means on a terminal, "never" shows plain lines there' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand check" -l color -d 'Use colours; "auto" means on a terminal, unless NO_COLOR is set' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand check" -l secret-only -d 'Only find the secret of the one account that is named, as a run without a terminal would'
complete -c popfetch -n "__fish_popfetch_using_subcommand check" -s q -l quiet -d 'Print errors only'
complete -c popfetch -n "__fish_popfetch_using_subcommand check" -s v -l verbose -d 'Say what is done; twice: show the protocol, with secrets masked'
complete -c popfetch -n "__fish_popfetch_using_subcommand check" -l json -d 'Print the result to standard output as one JSON object a line'
complete -c popfetch -n "__fish_popfetch_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c popfetch -n "__fish_popfetch_using_subcommand list" -l config -d 'Read this configuration instead of the usual one' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand list" -l log-file -d 'Append what is said and done to this file, a line each, with the time' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand list" -l progress -d 'Show progress bars; "auto" means on a terminal, "never" shows plain lines there' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand list" -l color -d 'Use colours; "auto" means on a terminal, unless NO_COLOR is set' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand list" -l new -d 'Show only what is not here yet'
complete -c popfetch -n "__fish_popfetch_using_subcommand list" -s q -l quiet -d 'Print errors only'
complete -c popfetch -n "__fish_popfetch_using_subcommand list" -s v -l verbose -d 'Say what is done; twice: show the protocol, with secrets masked'
complete -c popfetch -n "__fish_popfetch_using_subcommand list" -l json -d 'Print the result to standard output as one JSON object a line'
complete -c popfetch -n "__fish_popfetch_using_subcommand list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c popfetch -n "__fish_popfetch_using_subcommand status" -l config -d 'Read this configuration instead of the usual one' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand status" -l log-file -d 'Append what is said and done to this file, a line each, with the time' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand status" -l progress -d 'Show progress bars; "auto" means on a terminal, "never" shows plain lines there' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand status" -l color -d 'Use colours; "auto" means on a terminal, unless NO_COLOR is set' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand status" -s q -l quiet -d 'Print errors only'
complete -c popfetch -n "__fish_popfetch_using_subcommand status" -s v -l verbose -d 'Say what is done; twice: show the protocol, with secrets masked'
complete -c popfetch -n "__fish_popfetch_using_subcommand status" -l json -d 'Print the result to standard output as one JSON object a line'
complete -c popfetch -n "__fish_popfetch_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c popfetch -n "__fish_popfetch_using_subcommand history" -l since -d 'Only what was fetched since then: a date, or how long ago ("2026-11-22", "today", "3d")' -r
complete -c popfetch -n "__fish_popfetch_using_subcommand history" -l until -d 'Only what was fetched before then; a day counts whole' -r
complete -c popfetch -n "__fish_popfetch_using_subcommand history" -l uid -d 'Only the message with this uid, as it is shown' -r
complete -c popfetch -n "__fish_popfetch_using_subcommand history" -l message-id -d 'Only messages with this Message-ID, with or without its angle brackets' -r
complete -c popfetch -n "__fish_popfetch_using_subcommand history" -l from -d 'Only messages in whose sender this occurs, capital or not' -r
complete -c popfetch -n "__fish_popfetch_using_subcommand history" -l config -d 'Read this configuration instead of the usual one' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand history" -l log-file -d 'Append what is said and done to this file, a line each, with the time' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand history" -l progress -d 'Show progress bars; "auto" means on a terminal, "never" shows plain lines there' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand history" -l color -d 'Use colours; "auto" means on a terminal, unless NO_COLOR is set' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand history" -l all -d 'Show all of them'
complete -c popfetch -n "__fish_popfetch_using_subcommand history" -s q -l quiet -d 'Print errors only'
complete -c popfetch -n "__fish_popfetch_using_subcommand history" -s v -l verbose -d 'Say what is done; twice: show the protocol, with secrets masked'
complete -c popfetch -n "__fish_popfetch_using_subcommand history" -l json -d 'Print the result to standard output as one JSON object a line'
complete -c popfetch -n "__fish_popfetch_using_subcommand history" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c popfetch -n "__fish_popfetch_using_subcommand mark-seen" -l config -d 'Read this configuration instead of the usual one' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand mark-seen" -l log-file -d 'Append what is said and done to this file, a line each, with the time' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand mark-seen" -l progress -d 'Show progress bars; "auto" means on a terminal, "never" shows plain lines there' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand mark-seen" -l color -d 'Use colours; "auto" means on a terminal, unless NO_COLOR is set' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand mark-seen" -s q -l quiet -d 'Print errors only'
complete -c popfetch -n "__fish_popfetch_using_subcommand mark-seen" -s v -l verbose -d 'Say what is done; twice: show the protocol, with secrets masked'
complete -c popfetch -n "__fish_popfetch_using_subcommand mark-seen" -l json -d 'Print the result to standard output as one JSON object a line'
complete -c popfetch -n "__fish_popfetch_using_subcommand mark-seen" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c popfetch -n "__fish_popfetch_using_subcommand forget" -l config -d 'Read this configuration instead of the usual one' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand forget" -l log-file -d 'Append what is said and done to this file, a line each, with the time' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand forget" -l progress -d 'Show progress bars; "auto" means on a terminal, "never" shows plain lines there' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand forget" -l color -d 'Use colours; "auto" means on a terminal, unless NO_COLOR is set' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand forget" -l all -d 'Forget all that is on record of the account, its history included'
complete -c popfetch -n "__fish_popfetch_using_subcommand forget" -s y -l yes -d 'Ask nothing'
complete -c popfetch -n "__fish_popfetch_using_subcommand forget" -s q -l quiet -d 'Print errors only'
complete -c popfetch -n "__fish_popfetch_using_subcommand forget" -s v -l verbose -d 'Say what is done; twice: show the protocol, with secrets masked'
complete -c popfetch -n "__fish_popfetch_using_subcommand forget" -l json -d 'Print the result to standard output as one JSON object a line'
complete -c popfetch -n "__fish_popfetch_using_subcommand forget" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c popfetch -n "__fish_popfetch_using_subcommand import" -l account -d 'Add no account, and give the uids to this one of the configuration: of several maildrops its own' -r
complete -c popfetch -n "__fish_popfetch_using_subcommand import" -l config -d 'Read this configuration instead of the usual one' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand import" -l log-file -d 'Append what is said and done to this file, a line each, with the time' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand import" -l progress -d 'Show progress bars; "auto" means on a terminal, "never" shows plain lines there' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand import" -l color -d 'Use colours; "auto" means on a terminal, unless NO_COLOR is set' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand import" -s n -l dry-run -d 'Show what was understood, and write nothing'
complete -c popfetch -n "__fish_popfetch_using_subcommand import" -l no-passwords -d 'Leave passwords out: each account asks for its own, or finds it in the keyring'
complete -c popfetch -n "__fish_popfetch_using_subcommand import" -s y -l yes -d 'Ask nothing'
complete -c popfetch -n "__fish_popfetch_using_subcommand import" -s q -l quiet -d 'Print errors only'
complete -c popfetch -n "__fish_popfetch_using_subcommand import" -s v -l verbose -d 'Say what is done; twice: show the protocol, with secrets masked'
complete -c popfetch -n "__fish_popfetch_using_subcommand import" -l json -d 'Print the result to standard output as one JSON object a line'
complete -c popfetch -n "__fish_popfetch_using_subcommand import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c popfetch -n "__fish_popfetch_using_subcommand export" -l config -d 'Read this configuration instead of the usual one' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand export" -l log-file -d 'Append what is said and done to this file, a line each, with the time' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand export" -l progress -d 'Show progress bars; "auto" means on a terminal, "never" shows plain lines there' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand export" -l color -d 'Use colours; "auto" means on a terminal, unless NO_COLOR is set' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand export" -s q -l quiet -d 'Print errors only'
complete -c popfetch -n "__fish_popfetch_using_subcommand export" -s v -l verbose -d 'Say what is done; twice: show the protocol, with secrets masked'
complete -c popfetch -n "__fish_popfetch_using_subcommand export" -l json -d 'Print the result to standard output as one JSON object a line'
complete -c popfetch -n "__fish_popfetch_using_subcommand export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and not __fish_seen_subcommand_from add list remove help" -l config -d 'Read this configuration instead of the usual one' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and not __fish_seen_subcommand_from add list remove help" -l log-file -d 'Append what is said and done to this file, a line each, with the time' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and not __fish_seen_subcommand_from add list remove help" -l progress -d 'Show progress bars; "auto" means on a terminal, "never" shows plain lines there' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and not __fish_seen_subcommand_from add list remove help" -l color -d 'Use colours; "auto" means on a terminal, unless NO_COLOR is set' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and not __fish_seen_subcommand_from add list remove help" -s q -l quiet -d 'Print errors only'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and not __fish_seen_subcommand_from add list remove help" -s v -l verbose -d 'Say what is done; twice: show the protocol, with secrets masked'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and not __fish_seen_subcommand_from add list remove help" -l json -d 'Print the result to standard output as one JSON object a line'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and not __fish_seen_subcommand_from add list remove help" -s h -l help -d 'Print help'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and not __fish_seen_subcommand_from add list remove help" -f -a "add" -d 'Add an account: asks what it cannot find out, tests the login, and writes it into the configuration'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and not __fish_seen_subcommand_from add list remove help" -f -a "list" -d 'List the accounts: user, server, where the mail goes, and what stays on the server'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and not __fish_seen_subcommand_from add list remove help" -f -a "remove" -d 'Remove an account from the configuration; mail that was fetched stays where it is'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and not __fish_seen_subcommand_from add list remove help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from add" -l name -d 'Call the account so; its provider or domain gives the name otherwise' -r
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from add" -l provider -d 'Take the server of this provider, as popfetch-config(5) names it' -r
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from add" -l host -d 'Take this POP3 server' -r -f -a "(__fish_print_hostnames)"
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from add" -l port -d 'Take this port of it' -r
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from add" -l tls -d 'Begin TLS with the first byte, or by STLS' -r -f -a "implicit\t''
starttls\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from add" -l user -d 'Log in as this user; without, with the address or what comes before the @, as the provider wants it' -r
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from add" -l autoconfig -d 'Ask this HTTPS address where the server is, in place of the usual ones' -r -f
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from add" -l password-command -d 'Run this command for the password: it is the first line that it prints' -r -f -a "(__fish_complete_command)"
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from add" -l password-file -d 'Read the password from this file: it is its first line' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from add" -l client-id -d 'Log in by OAuth2 as this client, which is registered with the provider' -r
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from add" -l client-secret-command -d 'Run this command for the secret of the OAuth2 client' -r -f -a "(__fish_complete_command)"
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from add" -l maildir -d 'Deliver to this Maildir' -r -f -a "(__fish_complete_directories)"
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from add" -l mbox -d 'Deliver to this mbox' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from add" -l pipe -d 'Deliver to this command, such as procmail' -r -f -a "(__fish_complete_command)"
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from add" -l lmtp -d 'Deliver to this LMTP server: unix:PATH or HOST:PORT' -r
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from add" -l leave-on-server -d 'Leave mail on the server: true, false, until-deleted, or for a time such as 30d' -r
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from add" -l config -d 'Read this configuration instead of the usual one' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from add" -l log-file -d 'Append what is said and done to this file, a line each, with the time' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from add" -l progress -d 'Show progress bars; "auto" means on a terminal, "never" shows plain lines there' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from add" -l color -d 'Use colours; "auto" means on a terminal, unless NO_COLOR is set' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from add" -l no-autoconfig -d 'Ask nobody where the server is'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from add" -l keyring -d 'Keep the password in the keyring; without a terminal it is the first line of standard input'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from add" -l no-test -d 'Write the account without testing it'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from add" -s y -l yes -d 'Take what popfetch proposes in place of asking'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Print errors only'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from add" -s v -l verbose -d 'Say what is done; twice: show the protocol, with secrets masked'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from add" -l json -d 'Print the result to standard output as one JSON object a line'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from list" -l config -d 'Read this configuration instead of the usual one' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from list" -l log-file -d 'Append what is said and done to this file, a line each, with the time' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from list" -l progress -d 'Show progress bars; "auto" means on a terminal, "never" shows plain lines there' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from list" -l color -d 'Use colours; "auto" means on a terminal, unless NO_COLOR is set' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from list" -l names -d 'Print the names alone, and nothing where there is no configuration'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print errors only'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say what is done; twice: show the protocol, with secrets masked'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from list" -l json -d 'Print the result to standard output as one JSON object a line'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from remove" -l config -d 'Read this configuration instead of the usual one' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from remove" -l log-file -d 'Append what is said and done to this file, a line each, with the time' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from remove" -l progress -d 'Show progress bars; "auto" means on a terminal, "never" shows plain lines there' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from remove" -l color -d 'Use colours; "auto" means on a terminal, unless NO_COLOR is set' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from remove" -l keep-state -d 'Remember what was fetched, in case the account comes back'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from remove" -l drop-state -d 'Forget what was fetched: should the account come back, all is fetched again'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from remove" -s y -l yes -d 'Ask nothing: remove the account and its secret, and remember what was fetched unless --drop-state is given'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Print errors only'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from remove" -s v -l verbose -d 'Say what is done; twice: show the protocol, with secrets masked'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from remove" -l json -d 'Print the result to standard output as one JSON object a line'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "add" -d 'Add an account: asks what it cannot find out, tests the login, and writes it into the configuration'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the accounts: user, server, where the mail goes, and what stays on the server'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Remove an account from the configuration; mail that was fetched stays where it is'
complete -c popfetch -n "__fish_popfetch_using_subcommand account; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c popfetch -n "__fish_popfetch_using_subcommand login" -l config -d 'Read this configuration instead of the usual one' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand login" -l log-file -d 'Append what is said and done to this file, a line each, with the time' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand login" -l progress -d 'Show progress bars; "auto" means on a terminal, "never" shows plain lines there' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand login" -l color -d 'Use colours; "auto" means on a terminal, unless NO_COLOR is set' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand login" -l device -d 'Log in by OAuth2 with a code that is typed into a browser anywhere, for a machine without one'
complete -c popfetch -n "__fish_popfetch_using_subcommand login" -l no-keyring -d 'Keep the OAuth2 tokens in a file, for runs that cannot use the keyring, as from cron'
complete -c popfetch -n "__fish_popfetch_using_subcommand login" -s q -l quiet -d 'Print errors only'
complete -c popfetch -n "__fish_popfetch_using_subcommand login" -s v -l verbose -d 'Say what is done; twice: show the protocol, with secrets masked'
complete -c popfetch -n "__fish_popfetch_using_subcommand login" -l json -d 'Print the result to standard output as one JSON object a line'
complete -c popfetch -n "__fish_popfetch_using_subcommand login" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c popfetch -n "__fish_popfetch_using_subcommand logout" -l config -d 'Read this configuration instead of the usual one' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand logout" -l log-file -d 'Append what is said and done to this file, a line each, with the time' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand logout" -l progress -d 'Show progress bars; "auto" means on a terminal, "never" shows plain lines there' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand logout" -l color -d 'Use colours; "auto" means on a terminal, unless NO_COLOR is set' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand logout" -s q -l quiet -d 'Print errors only'
complete -c popfetch -n "__fish_popfetch_using_subcommand logout" -s v -l verbose -d 'Say what is done; twice: show the protocol, with secrets masked'
complete -c popfetch -n "__fish_popfetch_using_subcommand logout" -l json -d 'Print the result to standard output as one JSON object a line'
complete -c popfetch -n "__fish_popfetch_using_subcommand logout" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c popfetch -n "__fish_popfetch_using_subcommand schedule" -l every -d 'Run it so often: 10m, 1h, 1d' -r
complete -c popfetch -n "__fish_popfetch_using_subcommand schedule" -l config -d 'Read this configuration instead of the usual one' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand schedule" -l log-file -d 'Append what is said and done to this file, a line each, with the time' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand schedule" -l progress -d 'Show progress bars; "auto" means on a terminal, "never" shows plain lines there' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand schedule" -l color -d 'Use colours; "auto" means on a terminal, unless NO_COLOR is set' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand schedule" -l install -d 'Install it, and start it where it has to be started'
complete -c popfetch -n "__fish_popfetch_using_subcommand schedule" -l remove -d 'Remove what --install put there'
complete -c popfetch -n "__fish_popfetch_using_subcommand schedule" -l watch -d 'For systemd: a service that stays and fetches again and again, in place of a timer'
complete -c popfetch -n "__fish_popfetch_using_subcommand schedule" -s q -l quiet -d 'Print errors only'
complete -c popfetch -n "__fish_popfetch_using_subcommand schedule" -s v -l verbose -d 'Say what is done; twice: show the protocol, with secrets masked'
complete -c popfetch -n "__fish_popfetch_using_subcommand schedule" -l json -d 'Print the result to standard output as one JSON object a line'
complete -c popfetch -n "__fish_popfetch_using_subcommand schedule" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c popfetch -n "__fish_popfetch_using_subcommand completions" -l config -d 'Read this configuration instead of the usual one' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand completions" -l log-file -d 'Append what is said and done to this file, a line each, with the time' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand completions" -l progress -d 'Show progress bars; "auto" means on a terminal, "never" shows plain lines there' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand completions" -l color -d 'Use colours; "auto" means on a terminal, unless NO_COLOR is set' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand completions" -s q -l quiet -d 'Print errors only'
complete -c popfetch -n "__fish_popfetch_using_subcommand completions" -s v -l verbose -d 'Say what is done; twice: show the protocol, with secrets masked'
complete -c popfetch -n "__fish_popfetch_using_subcommand completions" -l json -d 'Print the result to standard output as one JSON object a line'
complete -c popfetch -n "__fish_popfetch_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c popfetch -n "__fish_popfetch_using_subcommand help; and not __fish_seen_subcommand_from sync retry refetch check list status history mark-seen forget import export account login logout schedule completions help" -f -a "sync" -d 'Fetch what is new, deliver it, and delete from the server what the account does not leave there'
complete -c popfetch -n "__fish_popfetch_using_subcommand help; and not __fish_seen_subcommand_from sync retry refetch check list status history mark-seen forget import export account login logout schedule completions help" -f -a "retry" -d 'Hand over now what waits for its destination, quarantined messages too'
complete -c popfetch -n "__fish_popfetch_using_subcommand help; and not __fish_seen_subcommand_from sync retry refetch check list status history mark-seen forget import export account login logout schedule completions help" -f -a "refetch" -d 'Fetch mail again that was fetched before'
complete -c popfetch -n "__fish_popfetch_using_subcommand help; and not __fish_seen_subcommand_from sync retry refetch check list status history mark-seen forget import export account login logout schedule completions help" -f -a "check" -d 'Say why no mail comes, or that nothing stands in its way'
complete -c popfetch -n "__fish_popfetch_using_subcommand help; and not __fish_seen_subcommand_from sync retry refetch check list status history mark-seen forget import export account login logout schedule completions help" -f -a "list" -d 'Say what is on the server, message by message, and what `sync` would do with each and why'
complete -c popfetch -n "__fish_popfetch_using_subcommand help; and not __fish_seen_subcommand_from sync retry refetch check list status history mark-seen forget import export account login logout schedule completions help" -f -a "status" -d 'Say how the accounts stand: what was fetched, and what waits to be delivered and why'
complete -c popfetch -n "__fish_popfetch_using_subcommand help; and not __fish_seen_subcommand_from sync retry refetch check list status history mark-seen forget import export account login logout schedule completions help" -f -a "history" -d 'Say what was fetched, when, and where each message is now'
complete -c popfetch -n "__fish_popfetch_using_subcommand help; and not __fish_seen_subcommand_from sync retry refetch check list status history mark-seen forget import export account login logout schedule completions help" -f -a "mark-seen" -d 'Put what is on the server on record as seen, without fetching it'
complete -c popfetch -n "__fish_popfetch_using_subcommand help; and not __fish_seen_subcommand_from sync retry refetch check list status history mark-seen forget import export account login logout schedule completions help" -f -a "forget" -d 'Forget that messages were fetched: the next run fetches and delivers them again, if they are on the server'
complete -c popfetch -n "__fish_popfetch_using_subcommand help; and not __fish_seen_subcommand_from sync retry refetch check list status history mark-seen forget import export account login logout schedule completions help" -f -a "import" -d 'Take over from another mail program: its accounts, and what it has fetched already'
complete -c popfetch -n "__fish_popfetch_using_subcommand help; and not __fish_seen_subcommand_from sync retry refetch check list status history mark-seen forget import export account login logout schedule completions help" -f -a "export" -d 'Print all that is on record of messages, one JSON object a line, for backups and other programs'
complete -c popfetch -n "__fish_popfetch_using_subcommand help; and not __fish_seen_subcommand_from sync retry refetch check list status history mark-seen forget import export account login logout schedule completions help" -f -a "account" -d 'Add, list and remove the accounts in the configuration'
complete -c popfetch -n "__fish_popfetch_using_subcommand help; and not __fish_seen_subcommand_from sync retry refetch check list status history mark-seen forget import export account login logout schedule completions help" -f -a "login" -d 'Log in to an account: put its password into the keyring, or get an OAuth2 token'
complete -c popfetch -n "__fish_popfetch_using_subcommand help; and not __fish_seen_subcommand_from sync retry refetch check list status history mark-seen forget import export account login logout schedule completions help" -f -a "logout" -d 'Remove an account\'s password from the keyring, or its OAuth2 tokens from this machine'
complete -c popfetch -n "__fish_popfetch_using_subcommand help; and not __fish_seen_subcommand_from sync retry refetch check list status history mark-seen forget import export account login logout schedule completions help" -f -a "schedule" -d 'Print or install what runs `popfetch sync` by the clock: a line for cron, units for systemd, a list for launchd'
complete -c popfetch -n "__fish_popfetch_using_subcommand help; and not __fish_seen_subcommand_from sync retry refetch check list status history mark-seen forget import export account login logout schedule completions help" -f -a "completions" -d 'Print the completion script of a shell'
complete -c popfetch -n "__fish_popfetch_using_subcommand help; and not __fish_seen_subcommand_from sync retry refetch check list status history mark-seen forget import export account login logout schedule completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c popfetch -n "__fish_popfetch_using_subcommand help; and __fish_seen_subcommand_from account" -f -a "add" -d 'Add an account: asks what it cannot find out, tests the login, and writes it into the configuration'
complete -c popfetch -n "__fish_popfetch_using_subcommand help; and __fish_seen_subcommand_from account" -f -a "list" -d 'List the accounts: user, server, where the mail goes, and what stays on the server'
complete -c popfetch -n "__fish_popfetch_using_subcommand help; and __fish_seen_subcommand_from account" -f -a "remove" -d 'Remove an account from the configuration; mail that was fetched stays where it is'

# The names of the accounts, from the configuration that the line names.
function __fish_popfetch_accounts
    set -l words (commandline -opc)
    set -l config
    for i in (seq (count $words))
        switch $words[$i]
            case --config
                set -l next (math $i + 1)
                set -q words[$next]
                and set config --config (string replace -r '^~/' $HOME/ -- $words[$next])
            case '--config=*'
                set config (string replace -- '=~/' =$HOME/ $words[$i])
        end
    end
    set -l popfetch (string replace -r '^~/' $HOME/ -- $words[1])
    $popfetch $config account list --names 2>/dev/null
end

# Whether the words before the cursor are those of a command that wants an account next.
function __fish_popfetch_wants
    set -l path (string split ' ' -- $argv[1])
    set -l words
    set -l value
    for word in (commandline -opc)[2..]
        if test -n "$value"
            set value
            continue
        end
        switch $word
            case --account --autoconfig --client-id --client-secret-command --color --config --every --from --host --jobs --leave-on-server --lmtp --log-file --maildir --mbox --message-id --name --password-command --password-file --pipe --port --progress --provider --remind --since --tls --uid --until --user
                set value $word
            case '-*'
            case '*'
                set -a words $word
        end
    end
    set -l depth (count $path)
    test -z "$value"; or return 1
    test (count $words) -ge $depth; or return 1
    test "$words[1..$depth]" = "$path"; or return 1
    set -l given (math (count $words) - $depth)
    test $given -eq $argv[2]; or test $given -gt $argv[2] -a $argv[3] = many
end

complete -c popfetch -n "__fish_popfetch_wants 'sync' 0 many" -f -a "(__fish_popfetch_accounts)"
complete -c popfetch -n "__fish_popfetch_wants 'retry' 0 many" -f -a "(__fish_popfetch_accounts)"
complete -c popfetch -n "__fish_popfetch_wants 'refetch' 0 one" -f -a "(__fish_popfetch_accounts)"
complete -c popfetch -n "__fish_popfetch_wants 'check' 0 many" -f -a "(__fish_popfetch_accounts)"
complete -c popfetch -n "__fish_popfetch_wants 'list' 0 one" -f -a "(__fish_popfetch_accounts)"
complete -c popfetch -n "__fish_popfetch_wants 'status' 0 many" -f -a "(__fish_popfetch_accounts)"
complete -c popfetch -n "__fish_popfetch_wants 'history' 0 many" -f -a "(__fish_popfetch_accounts)"
complete -c popfetch -n "__fish_popfetch_wants 'mark-seen' 0 one" -f -a "(__fish_popfetch_accounts)"
complete -c popfetch -n "__fish_popfetch_wants 'forget' 0 one" -f -a "(__fish_popfetch_accounts)"
complete -c popfetch -n "__fish_popfetch_wants 'export' 0 many" -f -a "(__fish_popfetch_accounts)"
complete -c popfetch -n "__fish_popfetch_wants 'account remove' 0 one" -f -a "(__fish_popfetch_accounts)"
complete -c popfetch -n "__fish_popfetch_wants 'login' 0 one" -f -a "(__fish_popfetch_accounts)"
complete -c popfetch -n "__fish_popfetch_wants 'logout' 0 one" -f -a "(__fish_popfetch_accounts)"
complete -c popfetch -n "__fish_popfetch_wants 'schedule' 1 many" -f -a "(__fish_popfetch_accounts)"
