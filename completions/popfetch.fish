# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_popfetch_global_optspecs
    string join \n config= q/quiet v/verbose progress= color= json h/help V/version
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
complete -c popfetch -n "__fish_popfetch_needs_command" -l progress -d 'Show progress bars; "auto" means on a terminal' -r -f -a "auto\t''
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
complete -c popfetch -n "__fish_popfetch_needs_command" -f -a "list" -d 'Say what is on the server, message by message, and what `sync` would do with each and why'
complete -c popfetch -n "__fish_popfetch_needs_command" -f -a "status" -d 'Say how the accounts stand: what was fetched, and what waits to be delivered and why'
complete -c popfetch -n "__fish_popfetch_needs_command" -f -a "login" -d 'Log in to an account: put its password into the keyring, or get an OAuth2 token'
complete -c popfetch -n "__fish_popfetch_needs_command" -f -a "logout" -d 'Remove an account\'s password from the keyring, or its OAuth2 tokens from this machine'
complete -c popfetch -n "__fish_popfetch_needs_command" -f -a "schedule" -d 'Print or install what runs `popfetch sync` by the clock: a line for cron, units for systemd, a list for launchd'
complete -c popfetch -n "__fish_popfetch_needs_command" -f -a "completions" -d 'Print the completion script of a shell'
complete -c popfetch -n "__fish_popfetch_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c popfetch -n "__fish_popfetch_using_subcommand sync" -l jobs -d 'Work on so many accounts at once' -r
complete -c popfetch -n "__fish_popfetch_using_subcommand sync" -l config -d 'Read this configuration instead of the usual one' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand sync" -l progress -d 'Show progress bars; "auto" means on a terminal' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand sync" -l color -d 'Use colours; "auto" means on a terminal, unless NO_COLOR is set' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand sync" -l dry-run -d 'Say what would be done with each message, and do nothing'
complete -c popfetch -n "__fish_popfetch_using_subcommand sync" -l keep -d 'Delete nothing from the server in this run'
complete -c popfetch -n "__fish_popfetch_using_subcommand sync" -s q -l quiet -d 'Print errors only'
complete -c popfetch -n "__fish_popfetch_using_subcommand sync" -s v -l verbose -d 'Say what is done; twice: show the protocol, with secrets masked'
complete -c popfetch -n "__fish_popfetch_using_subcommand sync" -l json -d 'Print the result to standard output as one JSON object a line'
complete -c popfetch -n "__fish_popfetch_using_subcommand sync" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c popfetch -n "__fish_popfetch_using_subcommand retry" -l config -d 'Read this configuration instead of the usual one' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand retry" -l progress -d 'Show progress bars; "auto" means on a terminal' -r -f -a "auto\t''
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
complete -c popfetch -n "__fish_popfetch_using_subcommand refetch" -l progress -d 'Show progress bars; "auto" means on a terminal' -r -f -a "auto\t''
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
complete -c popfetch -n "__fish_popfetch_using_subcommand list" -l config -d 'Read this configuration instead of the usual one' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand list" -l progress -d 'Show progress bars; "auto" means on a terminal' -r -f -a "auto\t''
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
complete -c popfetch -n "__fish_popfetch_using_subcommand status" -l progress -d 'Show progress bars; "auto" means on a terminal' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand status" -l color -d 'Use colours; "auto" means on a terminal, unless NO_COLOR is set' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand status" -s q -l quiet -d 'Print errors only'
complete -c popfetch -n "__fish_popfetch_using_subcommand status" -s v -l verbose -d 'Say what is done; twice: show the protocol, with secrets masked'
complete -c popfetch -n "__fish_popfetch_using_subcommand status" -l json -d 'Print the result to standard output as one JSON object a line'
complete -c popfetch -n "__fish_popfetch_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c popfetch -n "__fish_popfetch_using_subcommand login" -l config -d 'Read this configuration instead of the usual one' -r -F
complete -c popfetch -n "__fish_popfetch_using_subcommand login" -l progress -d 'Show progress bars; "auto" means on a terminal' -r -f -a "auto\t''
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
complete -c popfetch -n "__fish_popfetch_using_subcommand logout" -l progress -d 'Show progress bars; "auto" means on a terminal' -r -f -a "auto\t''
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
complete -c popfetch -n "__fish_popfetch_using_subcommand schedule" -l progress -d 'Show progress bars; "auto" means on a terminal' -r -f -a "auto\t''
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
complete -c popfetch -n "__fish_popfetch_using_subcommand completions" -l progress -d 'Show progress bars; "auto" means on a terminal' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand completions" -l color -d 'Use colours; "auto" means on a terminal, unless NO_COLOR is set' -r -f -a "auto\t''
never\t''
always\t''"
complete -c popfetch -n "__fish_popfetch_using_subcommand completions" -s q -l quiet -d 'Print errors only'
complete -c popfetch -n "__fish_popfetch_using_subcommand completions" -s v -l verbose -d 'Say what is done; twice: show the protocol, with secrets masked'
complete -c popfetch -n "__fish_popfetch_using_subcommand completions" -l json -d 'Print the result to standard output as one JSON object a line'
complete -c popfetch -n "__fish_popfetch_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c popfetch -n "__fish_popfetch_using_subcommand help; and not __fish_seen_subcommand_from sync retry refetch list status login logout schedule completions help" -f -a "sync" -d 'Fetch what is new, deliver it, and delete from the server what the account does not leave there'
complete -c popfetch -n "__fish_popfetch_using_subcommand help; and not __fish_seen_subcommand_from sync retry refetch list status login logout schedule completions help" -f -a "retry" -d 'Hand over now what waits for its destination, quarantined messages too'
complete -c popfetch -n "__fish_popfetch_using_subcommand help; and not __fish_seen_subcommand_from sync retry refetch list status login logout schedule completions help" -f -a "refetch" -d 'Fetch mail again that was fetched before'
complete -c popfetch -n "__fish_popfetch_using_subcommand help; and not __fish_seen_subcommand_from sync retry refetch list status login logout schedule completions help" -f -a "list" -d 'Say what is on the server, message by message, and what `sync` would do with each and why'
complete -c popfetch -n "__fish_popfetch_using_subcommand help; and not __fish_seen_subcommand_from sync retry refetch list status login logout schedule completions help" -f -a "status" -d 'Say how the accounts stand: what was fetched, and what waits to be delivered and why'
complete -c popfetch -n "__fish_popfetch_using_subcommand help; and not __fish_seen_subcommand_from sync retry refetch list status login logout schedule completions help" -f -a "login" -d 'Log in to an account: put its password into the keyring, or get an OAuth2 token'
complete -c popfetch -n "__fish_popfetch_using_subcommand help; and not __fish_seen_subcommand_from sync retry refetch list status login logout schedule completions help" -f -a "logout" -d 'Remove an account\'s password from the keyring, or its OAuth2 tokens from this machine'
complete -c popfetch -n "__fish_popfetch_using_subcommand help; and not __fish_seen_subcommand_from sync retry refetch list status login logout schedule completions help" -f -a "schedule" -d 'Print or install what runs `popfetch sync` by the clock: a line for cron, units for systemd, a list for launchd'
complete -c popfetch -n "__fish_popfetch_using_subcommand help; and not __fish_seen_subcommand_from sync retry refetch list status login logout schedule completions help" -f -a "completions" -d 'Print the completion script of a shell'
complete -c popfetch -n "__fish_popfetch_using_subcommand help; and not __fish_seen_subcommand_from sync retry refetch list status login logout schedule completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'

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
            case --color --config --every --jobs --progress
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
complete -c popfetch -n "__fish_popfetch_wants 'list' 0 one" -f -a "(__fish_popfetch_accounts)"
complete -c popfetch -n "__fish_popfetch_wants 'status' 0 many" -f -a "(__fish_popfetch_accounts)"
complete -c popfetch -n "__fish_popfetch_wants 'login' 0 one" -f -a "(__fish_popfetch_accounts)"
complete -c popfetch -n "__fish_popfetch_wants 'logout' 0 one" -f -a "(__fish_popfetch_accounts)"
complete -c popfetch -n "__fish_popfetch_wants 'schedule' 1 many" -f -a "(__fish_popfetch_accounts)"
