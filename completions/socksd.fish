complete -c socksd -s f -l config -d 'Read this configuration: Dante\'s sockd.conf, or TOML; see socksd.conf(5)' -r -F
complete -c socksd -s l -l listen -d 'Listen here; repeat it for more addresses [default: 127.0.0.1:1080]' -r
complete -c socksd -l user -d 'Require a name and a password, and accept this pair; repeat it for more users' -r
complete -c socksd -l users -d 'Require a name and a password, and accept the pairs in this file' -r -F
complete -c socksd -l allow -d 'Serve applications at these addresses and no others, such as 10.0.0.0/8; repeat it for more' -r
complete -c socksd -l reach -d 'Let other hosts reach these addresses of this one through the proxy; repeat it for more' -r
complete -c socksd -l resolve -d 'Know this name, whatever the system\'s resolver says; repeat it for more' -r
complete -c socksd -l hosts -d 'Know the names in this file, which is like /etc/hosts' -r -F
complete -c socksd -l handshake-timeout -d 'Give an application so long for its whole request [default: 120]' -r
complete -c socksd -l connect-timeout -d 'Give a target so long, from the name lookup to the last of its addresses [default: 30]' -r
complete -c socksd -l bind-timeout -d 'Wait so long for the call that a BIND asks for' -r
complete -c socksd -l idle-timeout -d 'Reset a connection that carried nothing for so long; 0 is never [default: 0]' -r
complete -c socksd -l half-closed-timeout -d 'Reset a connection of which one direction has ended, when it carried nothing for so long; 0 is never [default: 120]' -r
complete -c socksd -l max-connections -d 'Serve so many connections at a time; 0 is any number [default: 0]' -r
complete -c socksd -l max-connections-per-host -d 'Serve so many connections from one address at a time; 0 is any number [default: 200]' -r
complete -c socksd -l grace -d 'Give open connections so long to finish on SIGINT or SIGTERM' -r
complete -c socksd -l log -d 'Send the log here: stderr, stdout, syslog, syslog/FACILITY or a file; repeat it for more [default: stderr]' -r
complete -c socksd -l run-as -d 'Become this user once the addresses are listened on and the files are read' -r -f -a "(__fish_complete_users)"
complete -c socksd -l control -d 'Tell about live connections at this unix socket [default: PORT.control in the runtime directory]' -r -F
complete -c socksd -l metrics -d 'Tell Prometheus what was counted, at http://ADDR:PORT/metrics' -r
complete -c socksd -l nft -d 'Print the rules of this file as a ruleset of nftables, which filters SOCKS that passes by, and exit' -r -F
complete -c socksd -l connections -d 'Show the connections of the socksd that runs, and exit; --control or --listen say which one'
complete -c socksd -l watch -d 'Show them again every two seconds'
complete -c socksd -l json -d 'Show them as JSON'
complete -c socksd -l hash-password -d 'Read a password from standard input, print its hash for a file of users, and exit'
complete -c socksd -l check -d 'Check the options and the files they name, then exit'
complete -c socksd -s v -l verbose -d 'Say more: names looked up, and every address tried'
complete -c socksd -s q -l quiet -d 'Say only who was turned away and what is wrong'
complete -c socksd -s h -l help -d 'Print help (see more with \'--help\')'
complete -c socksd -s V -l version -d 'Print version'
