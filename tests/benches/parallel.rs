//! How long fifty connects at once take one thread, compared with one, where each answer of the proxy takes 150 ms.
//!
//! `cargo bench -p end-to-end` prints a table. Where an event loop is held up by each handshake, fifty take fifty
//! times as long.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use end_to_end::application::{Application, Wrapper};
use end_to_end::artifacts::Build;
use end_to_end::fixtures::{self, Fixtures};
use end_to_end::measure::{Outcome, report};
use end_to_end::plan::{LINE, NAME, PROXY};
use end_to_end::scratch::Scratch;
use end_to_end::script::{Act, Scripted};
use end_to_end::world::World;
use socks_proto::socks5::{self, Method, Rep};

const PAUSE: Duration = Duration::from_millis(150);
const RUNS: usize = 5;
const MANY: usize = 50;

fn main() -> ExitCode {
    report(compare)
}

fn compare() -> Outcome<()> {
    let world = World::new(Arc::new(Fixtures::new()?))?;
    let proxy = Scripted::start(&world, acts())?;
    let url = format!("socks5://{}:{}", PROXY.v4, proxy.port);
    println!("{:10}  {:>10}  {:>12}  {:>6}", "", "1 connect", "50 connects", "ratio");
    for (label, words) in programs(&world)? {
        let one = fastest(&world, &url, &words, 1)?;
        let many = fastest(&world, &url, &words, MANY)?;
        let ratio = many.as_secs_f64() / one.as_secs_f64();
        println!("{label:10}  {:>7} ms  {:>9} ms  {ratio:>6.2}", one.as_millis(), many.as_millis());
    }
    Ok(())
}

fn acts() -> Vec<Act> {
    let zero = std::net::SocketAddr::from(([0, 0, 0, 0], 0)).into();
    let choice = Act::Send(socks5::encode_choice(Method::NONE).as_bytes().to_vec());
    let reply = Act::Send(socks5::encode_reply(Rep::SUCCEEDED, &zero).as_bytes().to_vec());
    let far = Act::Pause(PAUSE);
    vec![Act::Greeting, far.clone(), choice, Act::Request, far, reply, Act::Answer, Act::Close]
}

/// Each connects as many times at once as its last argument says, and prints how many milliseconds that took.
fn programs(world: &World) -> Outcome<Vec<(&'static str, Vec<String>)>> {
    let script = |name: &str| fixtures::source("programs").join(name).display().to_string();
    let epoll = world.fixtures.probe("parallel")?.display().to_string();
    Ok(vec![
        ("C, epoll", vec![epoll]),
        ("asyncio", vec!["python3".into(), script("asyncio_parallel.py")]),
        ("node", vec!["node".into(), script("node_parallel.js")]),
    ])
}

fn fastest(world: &World, url: &str, words: &[String], count: usize) -> Outcome<Duration> {
    let runs = (0..RUNS).map(|_| run(world, url, words, count)).collect::<Outcome<Vec<_>>>()?;
    runs.into_iter().min().ok_or_else(|| "no run".into())
}

fn run(world: &World, url: &str, words: &[String], count: usize) -> Outcome<Duration> {
    let scratch = Scratch::new()?;
    let wrapper = Wrapper::Command { build: Build::Release, urls: vec![url.to_owned()] };
    let application = Application::new(words).args([NAME.to_owned(), LINE.to_string(), count.to_string()]);
    let began = Instant::now();
    let outcome = application.run(world, &scratch, &wrapper)?;
    let text = outcome.text();
    if !outcome.succeeded() || began.elapsed() < PAUSE {
        return Err(outcome.to_string().into());
    }
    Ok(Duration::from_secs_f64(text.trim().parse::<f64>()? / 1000.0))
}
