//! What a datagram of 1200 bytes there and back costs an application under us, compared with a program that speaks SOCKS
//! itself, through the same proxies.
//!
//! `cargo bench -p end-to-end --bench datagrams` prints a table: the time by the clock, and that of the processor that
//! the application itself has used, the kernel's work for it included.

use std::process::ExitCode;
use std::sync::Arc;

use end_to_end::application::{Application, Wrapper};
use end_to_end::artifacts::Build;
use end_to_end::fixtures::Fixtures;
use end_to_end::measure::{Outcome, report};
use end_to_end::plan::{ECHO, PROXY, TARGET};
use end_to_end::proxies::{Proxy, Server};
use end_to_end::scratch::Scratch;
use end_to_end::world::World;

const COUNT: u32 = 50_000;
const RUNS: usize = 3;

fn main() -> ExitCode {
    report(compare)
}

fn compare() -> Outcome<()> {
    let world = World::new(Arc::new(Fixtures::new()?))?;
    println!("{:22}  {:>12}  {:>12}  {:>12}", "", "by the clock", "by processor", "a second");
    for server in [Server::Socksd, Server::Danted] {
        let proxy = server.open();
        world.start(proxy)?;
        for is_native in [true, false] {
            let (clock, processor) = fastest(&world, proxy, is_native)?;
            let label = format!("{} {}", server.program(), if is_native { "natively" } else { "by us" });
            let rate = 1_000_000_000 / clock.max(1);
            println!("{label:22}  {clock:>9} ns  {processor:>9} ns  {rate:>12}");
        }
    }
    Ok(())
}

fn fastest(world: &World, proxy: Proxy, is_native: bool) -> Outcome<(u64, u64)> {
    let mut best = (u64::MAX, u64::MAX);
    for _ in 0..RUNS {
        let (clock, processor) = once(world, proxy, is_native)?;
        best = (best.0.min(clock), best.1.min(processor));
    }
    Ok(best)
}

fn once(world: &World, proxy: Proxy, is_native: bool) -> Outcome<(u64, u64)> {
    let scratch = Scratch::new()?;
    let probe = Application::new([world.fixtures.probe("rate")?]);
    let probe = probe.args([TARGET.v4.to_string(), ECHO.to_string(), COUNT.to_string()]);
    let outcome = if is_native {
        let probe = probe.args([PROXY.v4.to_string(), proxy.port().to_string()]);
        probe.run(world, &scratch, &Wrapper::Nothing)?
    } else {
        probe.run(world, &scratch, &Wrapper::Command { build: Build::Release, urls: vec![proxy.url()] })?
    };
    let text = outcome.text();
    let numbers = text.trim().split_once(' ').filter(|_| outcome.succeeded());
    let (clock, processor) = numbers.ok_or_else(|| outcome.to_string())?;
    Ok((clock.parse()?, processor.parse()?))
}
