//! Name servers of the target host that answer wrongly, each in its own way on its own port, by TCP (RFC 7766).

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;

use crate::error::{Error, system};
use crate::network::Network;
use crate::plan::TARGET;

/// What a query gets: bytes as they go over the connection, after which it ends.
type Answer = fn(&Query) -> Vec<u8>;

/// One way to be wrong.
#[derive(Clone, Copy, Debug)]
pub struct Misbehaviour {
    /// What it is called.
    pub label: &'static str,
    /// The server's port.
    pub port: u16,
    /// True where what comes is an answer, however odd, that only its reader can judge.
    pub is_an_answer: bool,
    answer: Option<Answer>,
    /// It says so again and again.
    never_ends: bool,
}

/// The port of one that refuses queries with an OPT record, RFC 6891, 7, and finds [`ANSWERED`] for all others.
pub const NO_EDNS: u16 = 5320;
/// The port of one that refuses every query.
pub const REFUSED: u16 = 5310;
/// What those say that give an answer.
pub const ANSWERED: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 99);

/// Every one of them.
pub const MISBEHAVIOURS: &[Misbehaviour] = &[
    not_an_answer("closes", 5301, |_| Vec::new()),
    Misbehaviour { label: "says_nothing", port: 5302, is_an_answer: false, answer: None, never_ends: false },
    not_an_answer("other_id", 5303, |query| {
        framed(&Query { id: query.id ^ 0x5555, ..query.clone() }.answered())
    }),
    not_an_answer("other_question", 5304, |query| framed(&query.about(b"\x05other\x04test\0").answered())),
    not_an_answer("query_back", 5305, |query| framed(&query.message(0x0100, 0, &[]))),
    not_an_answer("no_length", 5306, |_| vec![0, 0]),
    not_an_answer("short", 5307, |_| vec![0, 5, 1, 2, 3, 4, 5]),
    not_an_answer("longer_than_it_is", 5308, |query| [&[0xff, 0xff], &query.answered()[..]].concat()),
    not_an_answer("half_a_length", 5309, |_| vec![0]),
    not_an_answer("refused", REFUSED, |query| framed(&query.message(0x8185, 0, &[]))),
    not_an_answer("failed", 5311, |query| framed(&query.message(0x8182, 0, &[]))),
    not_an_answer("noise", 5312, |_| (40..=u8::MAX).cycle().take(70_000).collect()),
    Misbehaviour {
        never_ends: true,
        ..not_an_answer("never_ends", 5319, |query| {
            framed(&query.about(b"\x05other\x04test\0").answered()).repeat(100)
        })
    },
    an_answer("knows_no_edns", NO_EDNS, |query| {
        framed(&if query.is_extended { query.message(0x8181, 0, &[]) } else { query.answered() })
    }),
    an_answer("loop", 5313, |query| {
        framed(&query.message(0x8180, 1, &record(&[0xc0, 12 + query.length()], b"")))
    }),
    an_answer("pointer_to_itself", 5314, |query| {
        let here = u8::try_from(12 + query.question.len()).unwrap_or(0xff);
        framed(&query.message(0x8180, 1, &record(&[0xc0, here], b"")))
    }),
    an_answer("pointer_beyond", 5315, |query| framed(&query.message(0x8180, 1, &record(&[0xff, 0xff], b"")))),
    an_answer("more_records_than_there_are", 5316, |query| framed(&query.message(0x8180, 0xffff, &[]))),
    an_answer("record_cut", 5317, |query| {
        let whole = record(&[0xc0, 12], b"1234");
        framed(&query.message(0x8180, 1, &whole[..whole.len() - 2]))
    }),
    an_answer("largest", 5318, |query| {
        let missing = usize::from(u16::MAX) - query.message(0x8180, 1, &[]).len() - 12;
        framed(&query.message(0x8180, 1, &record(&[0xc0, 12], &vec![b'x'; missing])))
    }),
];

const fn not_an_answer(label: &'static str, port: u16, answer: Answer) -> Misbehaviour {
    Misbehaviour { label, port, is_an_answer: false, answer: Some(answer), never_ends: false }
}

const fn an_answer(label: &'static str, port: u16, answer: Answer) -> Misbehaviour {
    Misbehaviour { label, port, is_an_answer: true, answer: Some(answer), never_ends: false }
}

/// A query: its id, and its question as it stands on the wire.
#[derive(Clone)]
struct Query {
    id: u16,
    question: Vec<u8>,
    /// More follows the question.
    is_extended: bool,
}

impl Query {
    fn read(stream: &mut TcpStream) -> io::Result<Query> {
        let (mut length, mut header) = ([0; 2], [0; 12]);
        stream.read_exact(&mut length)?;
        stream.read_exact(&mut header)?;
        let rest = usize::from(u16::from_be_bytes(length)).saturating_sub(header.len());
        let mut question = vec![0; rest];
        stream.read_exact(&mut question)?;
        let name = question.iter().position(|byte| *byte == 0).unwrap_or_default();
        let is_extended = question.len() > name + 5;
        question.truncate(name + 5);
        Ok(Query { id: u16::from_be_bytes([header[0], header[1]]), question, is_extended })
    }

    /// Asks the same of another name.
    fn about(&self, name: &[u8]) -> Query {
        let kind = &self.question[self.question.len().saturating_sub(4)..];
        Query { question: [name, kind].concat(), ..self.clone() }
    }

    /// The length of the question's name, for a pointer that leads into its last byte.
    fn length(&self) -> u8 {
        u8::try_from(self.question.len().saturating_sub(5)).unwrap_or_default()
    }

    /// A message with this question.
    fn message(&self, flags: u16, answers: u16, records: &[u8]) -> Vec<u8> {
        let header = [self.id, flags, 1, answers, 0, 0].map(u16::to_be_bytes).concat();
        [header.as_slice(), &self.question, records].concat()
    }

    /// An answer that would be right, and that nobody is to believe from here: an address of documentation.
    fn answered(&self) -> Vec<u8> {
        self.message(0x8180, 1, &record(&[0xc0, 12], &ANSWERED.octets()))
    }
}

/// An A record.
fn record(name: &[u8], data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap_or(u16::MAX).to_be_bytes();
    [name, &[0, 1, 0, 1, 0, 0, 0, 60], &length, data].concat()
}

fn framed(message: &[u8]) -> Vec<u8> {
    [&u16::try_from(message.len()).unwrap_or(u16::MAX).to_be_bytes(), message].concat()
}

/// Starts all of them.
pub(crate) fn start(network: &Network) -> Result<(), Error> {
    for misbehaviour in MISBEHAVIOURS {
        let address = (TARGET.v4, misbehaviour.port).into();
        let listener = network.listen(address).map_err(system("listen on the target"))?;
        thread::spawn(move || accept(&listener, *misbehaviour));
    }
    Ok(())
}

fn accept(listener: &TcpListener, misbehaviour: Misbehaviour) {
    for stream in listener.incoming().flatten() {
        thread::spawn(move || {
            // What an application makes of it is the application's test to judge.
            let _ = answer(stream, misbehaviour);
        });
    }
}

fn answer(mut stream: TcpStream, misbehaviour: Misbehaviour) -> io::Result<()> {
    let query = Query::read(&mut stream)?;
    match misbehaviour.answer {
        Some(answer) => loop {
            stream.write_all(&answer(&query))?;
            if !misbehaviour.never_ends {
                return Ok(());
            }
        },
        None => io::copy(&mut stream, &mut io::sink()).map(drop),
    }
}
