# inherited_datagrams.sh HOST PORT: programs that inherit a socket from the shell write to it and read from it, by system calls
# and by stdio; at the end the shell gives way to another one, and that to a third.
exec 3<>"/dev/udp/$1/$2" && read -r line || exit

is() {
    if [ "$1" != "$2" ]; then
        echo "not '$2' but '$1'"
        exit 1
    fi
}

said() {
    is "$(timeout 20 head -n 1 <&3)" "$1"
}

echo from the shell >&3
said "from the shell"
echo from a program | cat >&3
said "from a program"
env printf 'from a stream\n' >&3
said "from a stream"
(echo from a subshell >&3)
said "from a subshell"
sh -c 'true; echo from another shell >&3'
said "from another shell"
true >&3
echo after nothing >&3
said "after nothing"
echo before the end >&3
exec bash -c 'head -n 1 <&3 >&2; exec bash -c "echo \"$0\" >&3; exec timeout 20 head -n 1 <&3" "$0"' "$line"
