"""Runs a program under a trace for programs, and judges what is told of it."""
import json
import subprocess
import sys

socksify, configuration, traced, name, target, echo, closed, link, direct, proxy = sys.argv[1:]
words = [name, target, echo, closed, link, direct]


def trace(*more):
    command = [socksify, "-f", configuration, "--trace=lines", "--json", "--", "python3", traced, *words, *more]
    status = subprocess.run(command).returncode
    with open("lines") as file:
        text = file.read()
    assert all(letter == "\n" or letter.isprintable() for letter in text), text
    return status, [json.loads(line) for line in text.splitlines()]


def the(events, event, **members):
    found = [told for told in events if told["event"] == event
             and all(told.get(key) == value for key, value in members.items())]
    assert len(found) == 1, (event, members, found)
    return found[0]


def check(events, ending, bytes_at_exit):
    summary = events.pop()
    assert summary["event"] == "summary" and summary["lost"] == 0, summary
    assert summary["open_at_exit"] == 1, summary
    by_name, by_address = f"{name}:{echo}", f"{target}:{echo}"
    connections = [told for told in events if told["event"] == "connection"]

    opened = [told for told in connections if told["target"] == by_name and told["outcome"] == "open"]
    assert len(opened) == 2, opened
    for told in opened:
        assert told["kind"] == "connect" and told["proxy"] == proxy and told["protocol"] == "socks_v5"
        assert told["route"] == 4 and told["program"].startswith("python3")
        assert all(phase in told for phase in ("tcp", "method", "authentication", "request")), told
    close = the(events, "close", id=opened[0]["id"])
    assert (close["target"], close["up"], close["down"]) == (by_name, 1000, 1000), close
    if ending is not None:
        close = the(events, ending, id=opened[1]["id"])
        assert (close["up"], close["down"]) == (12, 12), close

    # Parked, of the forked child, of the shell.
    pids = {}
    for told in connections:
        if told["target"] == by_address and told["kind"] == "connect":
            close = the(events, "close", id=told["id"])
            assert close["pid"] == told["pid"]
            pids[told["pid"]] = (told["program"], close["up"], close["down"])
    bash = ("bash", 2, 2)
    assert len(pids) == 3 and bash in pids.values(), pids
    assert sorted(up for program, up, down in pids.values() if up == down) == [2, 5, 77], pids

    refused = the(events, "connection", target=f"{name}:{closed}")
    assert (refused["outcome"], refused["errno"]) == ("failed", "ECONNREFUSED"), refused
    assert "05" in refused["reason"], refused
    blocked = the(events, "connection", target=f"{target}:4444", kind="connect")
    assert (blocked["outcome"], blocked["errno"], blocked["route"]) == ("refused", "EACCES", 2), blocked
    blocked = the(events, "connection", target=f"{target}:4444", kind="udp")
    assert (blocked["outcome"], blocked["errno"], blocked["route"]) == ("refused", "EACCES", 2), blocked
    direct_one = the(events, "connection", target=f"{link}:{direct}")
    assert (direct_one["outcome"], direct_one["route"]) == ("direct", 3), direct_one
    association = the(events, "connection", target=by_address, kind="udp")
    assert association["outcome"] == "open" and association["address"], association

    names = [(told["target"], told["outcome"]) for told in events if told["event"] == "lookup"]
    assert names.count((name, "stand-in")) == 3, names
    assert [outcome for asked, outcome in names if asked.startswith("xxx")] == ["nonexistent"], names
    row = [row for row in summary["rows"] if row["target"] == by_name]
    assert row[0]["times"] == 2 and row[0]["up"] == 1000 + bytes_at_exit, row


status, events = trace()
assert status == 8, status
check(events, "exit", 12)
status, events = trace("at once")
assert status == 9, status
check(events, None, 0)
print("done")
