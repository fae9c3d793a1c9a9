//! From the command line to the proxy's options, with the files read that it names.

use socksd::Options;
use socksd::args::Args;

use crate::error::Error;
use crate::files;

/// The options that the command line stands for.
pub(crate) fn options(args: Args) -> Result<Options, Error> {
    let mut options = Options {
        listen: args.listen,
        allow: args.allow,
        handshake_timeout: args.handshake_timeout,
        connect_timeout: args.connect_timeout,
        bind_timeout: args.bind_timeout,
        idle_timeout: Some(args.idle_timeout).filter(|timeout| !timeout.is_zero()),
        grace: args.grace,
        ..Options::default()
    };
    // Not a value parser, for its message would show the password.
    for user in &args.user {
        options.users.add(user.parse().map_err(Error::User)?);
    }
    for file in &args.users {
        files::add_users(&mut options.users, file)?;
    }
    for pair in &args.resolve {
        options.hosts.add_pair(pair).map_err(|error| Error::Resolve { pair: pair.clone(), error })?;
    }
    for file in &args.hosts {
        files::add_hosts(&mut options.hosts, file)?;
    }
    Ok(options)
}
