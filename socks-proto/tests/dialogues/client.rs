//! Our side against a proxy that reads from a script.

use crate::script::{
    CONNECT, Dialogue, NONE, Outcome, failed_dialogues, granted, granted_dialogues, socks4, socks5,
    with_password,
};
use crate::vector::{address, every_split, hex};
use socks_proto::client::{Failure, Handshake, Stage, Step, Unsendable, Version};
use socks_proto::socks5::Rep;
use socks_proto::{Command, Credentials, Malformed};
use std::collections::VecDeque;

const APPLICATION_BYTES: &[u8] = b"220 ready";

/// Takes whole messages and answers each, as the most pedantic proxy would.
struct Proxy {
    exchanges: VecDeque<(Vec<u8>, Vec<u8>)>,
    heard: Vec<u8>,
    saying: VecDeque<u8>,
}

impl Proxy {
    fn new(dialogue: &Dialogue) -> Self {
        let exchanges = dialogue.exchanges.iter().map(|(ours, answer)| (hex(ours), hex(answer))).collect();
        Self { exchanges, heard: Vec::new(), saying: VecDeque::new() }
    }

    fn hear(&mut self, bytes: &[u8]) {
        assert!(self.saying.is_empty(), "nothing may be sent before the answer is read");
        self.heard.extend_from_slice(bytes);
        let (expected, _) = self.exchanges.front().expect("nothing more is to be sent");
        assert!(expected.starts_with(&self.heard), "{:02x?} is not {expected:02x?}", self.heard);
        if self.heard.len() == expected.len() {
            let (_, answer) = self.exchanges.pop_front().expect("it is there");
            self.saying.extend(answer);
            if self.exchanges.is_empty() {
                self.saying.extend(APPLICATION_BYTES);
            }
            self.heard.clear();
        }
    }

    fn say(&mut self, most: usize) -> Vec<u8> {
        let count = most.min(self.saying.len());
        self.saying.drain(..count).collect()
    }
}

/// Carries a dialogue out; what is read arrives in the pieces given, what is written goes out in pieces of one size.
fn converse(dialogue: &Dialogue, arriving: &[usize], going: usize) -> (Outcome, Proxy) {
    let mut handshake = dialogue.begin();
    let mut proxy = Proxy::new(dialogue);
    let mut arriving = arriving.iter().copied().chain(std::iter::repeat(usize::MAX));
    let mut here = 0;
    loop {
        if here == 0 {
            here = arriving.next().expect("endless");
        }
        match handshake.step() {
            Step::Send(bytes) => {
                let piece = &bytes[..going.min(bytes.len())];
                proxy.hear(piece);
                let count = piece.len();
                handshake.sent(count);
            }
            Step::Receive(most) => {
                assert!(most > 0);
                let bytes = proxy.say(most.min(here));
                here -= bytes.len();
                handshake.received(&bytes);
            }
            Step::Done(bnd) => return (Ok(bnd), proxy),
            Step::Failed(failure) => return (Err(failure), proxy),
        }
    }
}

#[test]
fn every_dialogue_ends_as_it_should_in_every_split() {
    for dialogue in granted_dialogues().iter().chain(&failed_dialogues()) {
        every_split(dialogue.answers().len(), |pieces| {
            for going in [usize::MAX, 1, 7] {
                let (outcome, proxy) = converse(dialogue, pieces, going);
                assert_eq!(outcome, dialogue.outcome);
                assert!(proxy.exchanges.is_empty());
            }
        });
    }
}

#[test]
fn what_follows_the_reply_is_left_for_the_application() {
    for dialogue in granted_dialogues() {
        let (outcome, proxy) = converse(&dialogue, &[], usize::MAX);
        assert_eq!(outcome, dialogue.outcome);
        assert!(proxy.saying.iter().eq(APPLICATION_BYTES));
    }
}

/// Feeds the first `count` bytes of the answers, then says that the proxy closed.
fn truncated(dialogue: &Dialogue, count: usize) -> Outcome {
    let mut handshake = dialogue.begin();
    let mut answers = &dialogue.answers()[..count];
    loop {
        match handshake.step() {
            Step::Send(bytes) => {
                let count = bytes.len();
                handshake.sent(count);
            }
            Step::Receive(_) if answers.is_empty() => handshake.closed(),
            Step::Receive(most) => {
                let (now, later) = answers.split_at(most.min(answers.len()));
                handshake.received(now);
                answers = later;
            }
            Step::Done(bnd) => return Ok(bnd),
            Step::Failed(failure) => return Err(failure),
        }
    }
}

#[test]
fn a_dialogue_cut_short_says_where() {
    for dialogue in granted_dialogues().iter().chain(&failed_dialogues()) {
        let length = dialogue.answers().len();
        for count in 0..length {
            assert_eq!(truncated(dialogue, count), Err(Failure::Closed(dialogue.stage_after(count))));
        }
        assert_eq!(truncated(dialogue, length), dialogue.outcome);
    }
}

#[test]
fn closing_while_we_send_is_a_failure_of_the_same_stage() {
    let mut handshake = granted_dialogues()[0].begin();
    handshake.sent(1);
    handshake.closed();
    assert_eq!(handshake.step(), Step::Failed(Failure::Closed(Stage::Method)));
}

#[test]
fn a_failure_counts_whatever_is_missing_of_its_reply() {
    for reply in ["05 07", "05 07 00", "05 07 00 01", "05 07 00 01 00 00 00 00 00 00"] {
        let dialogue = socks5(&[NONE, (CONNECT, reply)], Err(Failure::Reply(Rep::COMMAND_NOT_SUPPORTED)));
        let length = dialogue.answers().len();
        assert_eq!(truncated(&dialogue, length), dialogue.outcome);
    }
}

#[test]
fn bind_waits_for_a_second_reply() {
    let dialogues = [
        Dialogue {
            command: Command::Bind,
            target: "192.0.2.7:21",
            ..socks5(
                &[NONE, ("05 02 00 01 c0 00 02 07 00 15", "05 00 00 01 c6 33 64 01 af c8")],
                granted("198.51.100.1:45000"),
            )
        },
        Dialogue {
            command: Command::Bind,
            outcome: granted("0.0.0.0:45000"),
            ..socks4(
                "192.0.2.7:21",
                Some("bob"),
                "04 02 00 15 c0 00 02 07 62 6f 62 00",
                "00 5a af c8 00 00 00 00",
            )
        },
    ];
    let second = [hex("05 00 00 01 c0 00 02 07 00 14"), hex("00 5a 00 14 c0 00 02 07")];
    for (dialogue, second) in dialogues.iter().zip(second) {
        every_split(second.len(), |pieces| {
            let mut handshake = dialogue.begin();
            assert_eq!(finish(&mut handshake, &dialogue.answers()), dialogue.outcome);
            handshake.await_second_reply();
            let mut reply = second.as_slice();
            for piece in pieces {
                feed(&mut handshake, &reply[..*piece]);
                reply = &reply[*piece..];
            }
            assert_eq!(handshake.step(), Step::Done(address("192.0.2.7:20")));
            handshake.await_second_reply();
            assert_eq!(handshake.step(), Step::Done(address("192.0.2.7:20")), "there is no third reply");
        });
    }
}

#[test]
fn the_second_reply_can_fail() {
    let dialogue = Dialogue {
        command: Command::Bind,
        ..socks5(&[NONE, (CONNECT, "05 00 00 01 c6 33 64 01 af c8")], granted("198.51.100.1:45000"))
    };
    let mut refused = dialogue.begin();
    assert_eq!(finish(&mut refused, &dialogue.answers()), dialogue.outcome);
    refused.await_second_reply();
    let mut closed = refused.clone();
    refused.received(&hex("05 02"));
    assert_eq!(refused.step(), Step::Failed(Failure::Reply(Rep::NOT_ALLOWED)));
    closed.closed();
    assert_eq!(closed.step(), Step::Failed(Failure::Closed(Stage::SecondReply)));
}

#[test]
fn a_connection_has_no_second_reply() {
    let dialogue = &granted_dialogues()[0];
    let mut handshake = dialogue.begin();
    assert_eq!(finish(&mut handshake, &dialogue.answers()), dialogue.outcome);
    handshake.await_second_reply();
    assert_eq!(handshake.step(), Step::Done(address("198.51.100.1:45261")));
    handshake.closed();
    assert_eq!(
        handshake.step(),
        Step::Done(address("198.51.100.1:45261")),
        "the end is the application's now"
    );
}

#[test]
fn reading_more_than_asked_for_fails_rather_than_loses_bytes() {
    let mut handshake = granted_dialogues()[0].begin();
    handshake.sent(3);
    handshake.received(&hex("05 00 05"));
    let surplus = Failure::Malformed { stage: Stage::Method, error: Malformed::Surplus };
    assert_eq!(handshake.step(), Step::Failed(surplus));
}

#[test]
fn nothing_read_is_not_the_end() {
    let mut handshake = granted_dialogues()[0].begin();
    handshake.received(&[]);
    assert_eq!(handshake.step(), Step::Send(&hex("05 01 00")));
    handshake.sent(0);
    handshake.sent(usize::MAX);
    handshake.received(&[]);
    assert_eq!(handshake.step(), Step::Receive(2));
}

#[test]
fn a_password_is_never_shown() {
    let dialogue = with_password(&[], granted("0.0.0.0:0"));
    let mut handshake = dialogue.begin();
    handshake.sent(4);
    handshake.received(&hex("05 02"));
    for shown in [format!("{handshake:?}"), format!("{:?}", handshake.step())] {
        assert!(!shown.contains("secret") && !shown.contains("115"), "{shown}");
    }
}

/// Plain data: a thread may be cancelled while one is on its stack, and the stack may be small.
#[test]
fn a_handshake_is_small_and_has_no_destructor() {
    assert!(!std::mem::needs_drop::<Handshake>());
    assert!(size_of::<Handshake>() < 2048, "{}", size_of::<Handshake>());
}

fn finish(handshake: &mut Handshake, mut answers: &[u8]) -> Outcome {
    loop {
        match handshake.step() {
            Step::Send(bytes) => {
                let count = bytes.len();
                handshake.sent(count);
            }
            Step::Receive(most) => {
                let (now, later) = answers.split_at(most.min(answers.len()));
                handshake.received(now);
                answers = later;
            }
            Step::Done(bnd) => return Ok(bnd),
            Step::Failed(failure) => return Err(failure),
        }
    }
}

/// Hands in bytes as they are asked for.
fn feed(handshake: &mut Handshake, mut bytes: &[u8]) {
    while let Step::Receive(most) = handshake.step() {
        if bytes.is_empty() {
            return;
        }
        let (now, later) = bytes.split_at(most.min(bytes.len()));
        handshake.received(now);
        bytes = later;
    }
    assert!(bytes.is_empty(), "the reply is longer than what was asked for");
}

/// User names and passwords of the greatest length, to a name of the greatest length: more than one message.
#[test]
fn the_longest_request_of_http_is_sent_whole() {
    let (name, user) = ("n".repeat(255), "u".repeat(255));
    let credentials = Credentials::new(user.as_bytes(), user.as_bytes()).unwrap();
    let target = address(&format!("{name}:65535"));
    for going in [1, 7, 519, 520, usize::MAX] {
        let mut handshake =
            Handshake::new(Version::Http, Command::Connect, &target, Some(&credentials)).unwrap();
        let mut sent = Vec::new();
        while let Step::Send(bytes) = handshake.step() {
            let piece = &bytes[..going.min(bytes.len())];
            sent.extend_from_slice(piece);
            let count = piece.len();
            handshake.sent(count);
        }
        let text = String::from_utf8(sent).unwrap();
        assert!(text.starts_with(&format!("CONNECT {name}:65535 HTTP/1.1\r\nHost: {name}:65535\r\n")));
        assert!(text.ends_with("=\r\n\r\n") || text.ends_with("1\r\n\r\n"), "{text}");
        assert_eq!(text.len(), 8 + 261 + 11 + 6 + 261 + 2 + 27 + 684 + 4);
        assert_eq!(handshake.step(), Step::Receive(14));
    }
}

#[test]
fn http_has_no_words_for_some_requests() {
    let pair = |user: &str| Credentials::new(user.as_bytes(), b"secret").unwrap();
    let ask = |command, target: &str, user: Option<Credentials>| {
        Handshake::new(Version::Http, command, &address(target), user.as_ref()).err()
    };
    for command in [Command::Bind, Command::UdpAssociate, Command::Resolve, Command::ResolvePtr] {
        let unsendable = Unsendable::Command(Version::Http, command);
        assert_eq!(ask(command, "192.0.2.7:80", None), Some(unsendable));
    }
    let split = Some(Unsendable::NameInRequestLine);
    for target in ["a b:80", "a\r\nX: y:80", "user@host:80", "a/b:80", "zo\u{eb}:80"] {
        assert_eq!(ask(Command::Connect, target, None), split, "{target}");
    }
    assert_eq!(ask(Command::Connect, ".:80", None), Some(Unsendable::EmptyName));
    assert_eq!(ask(Command::Connect, "a:80", Some(pair("a:b"))), Some(Unsendable::UsernameWithColon));
    assert_eq!(ask(Command::Connect, "a:80", Some(pair("a b\r"))), None);
}
