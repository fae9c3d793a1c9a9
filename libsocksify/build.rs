//! Links the unwinder statically. The library lives in every process, and loading `libgcc_s.so.1` for its own sake costs
//! each of them nine system calls at start-up.

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let Some(directory) = env::var_os("OUT_DIR").map(PathBuf::from) else { return Ok(()) };
    // The standard library asks the linker for `gcc_s`; a linker script of that name hands it the static half instead.
    fs::write(directory.join("libgcc_s.so"), "INPUT(-lgcc_eh)\n")?;
    println!("cargo::rustc-link-search=native={}", directory.display());
    Ok(())
}
