complete -c socksify -s p -l proxy -d 'Use this proxy; repeat it for proxies to fall back on, in order' -r
complete -c socksify -s f -l config -d 'Read this configuration file and no other' -r -F
complete -c socksify -l log -d 'Write the lines of -v to FILE instead of standard error; implies -v' -r -F
complete -c socksify -l trace -d 'Say what becomes of each connection, name and association, as it happens, and what all came to' -r -F
complete -c socksify -l check -d 'Read the configuration, print what it means, and try it out' -r -F
complete -c socksify -l target -d 'With --check: have each proxy connect to this target, and say how long it takes' -r
complete -c socksify -l probe -d 'What --check starts anew' -r
complete -c socksify -l convert -d 'Print what a configuration file says as commented TOML, and stop' -r -F
complete -c socksify -l explain -d 'Say what would become of a connection to HOST, and why; nothing is sent' -r
complete -c socksify -l from -d 'With --explain: from a socket bound to ADDRESS' -r
complete -c socksify -l program -d 'With --explain: from this program; also say whether the library could be loaded into it' -r -f -a "(__fish_complete_command)"
complete -c socksify -l user -d 'With --explain: from a process of this user, by name or number, instead of the one who asks' -r -f -a "(__fish_complete_users)"
complete -c socksify -l embedded -d 'Start a proxy of our own for this command'
complete -c socksify -s v -l verbose -d 'Say what happens to each connection (-vv: more)'
complete -c socksify -s q -l quiet -d 'Print errors of our own only, and no warnings but that of --allow-bypass'
complete -c socksify -l allow-bypass -d 'Run COMMAND even if it would bypass the proxy'
complete -c socksify -l offline -d 'With --check: send nothing, only read'
complete -c socksify -l print-env -d 'Print shell commands that make the calling shell use the proxy'
complete -c socksify -l names -d 'Print which names stand behind the addresses that commands have been given'
complete -c socksify -l udp -d 'With --explain: datagrams instead of a connection'
complete -c socksify -l bind -d 'With --explain: a listener that HOST is to call back'
complete -c socksify -l json -d 'Print JSON: of --check and --explain an object, of --names an array of objects with address, address6, name, table, of --trace an object a line'
complete -c socksify -l shell -d 'Run $SHELL: everything typed there goes through the proxy'
complete -c socksify -s c -d 'The command follows; may be left out'
complete -c socksify -s h -l help -d 'Print help (see more with \'--help\')'
complete -c socksify -s V -l version -d 'Print version'
