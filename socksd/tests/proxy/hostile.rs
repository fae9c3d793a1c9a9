//! Whatever is sent, the proxy answers or closes in bounded time, and serves the next application.

use std::io::Write;
use std::sync::LazyLock;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use socksd::Options;

use crate::application::{connect, dial, half_close, read_to_end};
use crate::proxy::{PATIENCE, Proxy, options, with_alice};
use crate::target::{echo, exchange};

fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..40),
        Just(b"\x05\x01\x00".to_vec()),
        Just(b"\x05\x02\x00\x02".to_vec()),
        Just(b"\x05\x00".to_vec()),
        Just(b"\x01\x05alice\x06secret".to_vec()),
        Just(b"\x01\x00\x00".to_vec()),
        Just(b"\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x01".to_vec()),
        Just(b"\x05\x01\x00\x03\x09x.invalid\x00\x50".to_vec()),
        Just(b"\x05\x02\x00\x01\x7f\x00\x00\x01\x00\x15".to_vec()),
        Just(b"\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00".to_vec()),
        Just(b"\x05\x03\x00\x01\x00\x00\x00\x00\x00\x00".to_vec()),
        Just(b"\x04\x02\x00\x15\x7f\x00\x00\x01bob\x00".to_vec()),
        Just(b"\x05\x01\x00\x03\x00\x00\x50".to_vec()),
        Just(b"\x05\x01\x00\x03\xff".to_vec()),
        (any::<u8>(), any::<u8>()).prop_map(|(command, kind)| vec![5, command, 0, kind]),
        Just(b"\x04\x01\x00\x01\x7f\x00\x00\x01bob\x00".to_vec()),
        Just(b"\x04\x01\x00\x50\x00\x00\x00\x01\x00x.invalid\x00".to_vec()),
        Just(vec![b'u'; 600]),
        Just(b"GET / HTTP/1.1\r\n\r\n".to_vec()),
        Just(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec()),
    ]
}

fn proxies() -> &'static [Proxy; 2] {
    static PROXIES: LazyLock<[Proxy; 2]> = LazyLock::new(|| {
        let hasty = |options| Options { connect_timeout: Duration::from_millis(50), ..options };
        [Proxy::start(hasty(options())), Proxy::start(hasty(with_alice()))]
    });
    &PROXIES
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_stream_comes_to_an_end(pieces in vec(piece(), 0..6), split in any::<bool>()) {
        for proxy in proxies() {
            let mut application = dial(proxy.address);
            let said = if split { pieces.clone() } else { vec![pieces.concat()] };
            // The proxy may have closed in the middle.
            let _ = said.iter().try_for_each(|piece| application.write_all(piece));
            if application.shutdown(std::net::Shutdown::Write).is_ok() {
                let ended = read_to_end(&mut application);
                let hung = ended.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
                prop_assert!(!hung, "no end within {PATIENCE:?}");
            }
        }
    }
}

#[test]
fn others_are_served_meanwhile() {
    let proxy = Proxy::start(options());
    for garbage in [&b"\x00"[..], &[0xff; 4096], b"\x05\xff", b"\x04\x01", b"GET / HTTP/1.0\r\n\r\n"] {
        let mut application = dial(proxy.address);
        let _ = application.write_all(garbage);
        half_close(&application);
        exchange(&mut connect(proxy.address, echo()), b"served");
    }
}
