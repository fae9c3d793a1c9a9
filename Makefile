# The two commands of the README are `make demo` and `make test`; the rest are their parts.
CARGO ?= cargo
PREFIX ?= /usr/local
DESTDIR ?=
TARGET := $(or $(CARGO_TARGET_DIR),target)

.PHONY: all demo test bench check unit end-to-end release debug inject install uninstall clean

all: release

release:
	$(CARGO) build --release --locked

debug:
	$(CARGO) build --locked

# The library that panics on request, for the test that a bug of ours fails closed.
inject:
	$(CARGO) build --locked -p libsocksify --features inject-panic --target-dir $(TARGET)/inject

# Builds, then shows curl and netcat reaching a name that only the proxy knows.
demo:
	@demo/run

# Everything, on a clean clone: installs what the tests need (as root on Debian), else says what is missing.
test:
	tests/install-packages
	$(MAKE) --no-print-directory check unit end-to-end

# Format, lints and documentation.
check:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) clippy -p socksd --features pam --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --locked --quiet

# The crates by themselves; PAM is a feature of its own, for it links libpam.
unit:
	$(CARGO) test --locked --workspace --exclude end-to-end
	$(CARGO) test --locked -p socksd --features pam --test pam

# Real programs, real proxies, network namespaces.
end-to-end: debug release inject
	$(CARGO) test --locked -p end-to-end

# Fifty connects at once beside one, through a proxy that takes its time; what a datagram costs beside native SOCKS;
# socksd beside the SOCKS servers that are installed.
bench: release debug inject
	$(CARGO) bench --locked -p end-to-end --bench parallel --bench datagrams --bench servers

install: release
	install -D -m 755 $(TARGET)/release/socksify $(DESTDIR)$(PREFIX)/bin/socksify
	install -D -m 755 $(TARGET)/release/socksd $(DESTDIR)$(PREFIX)/sbin/socksd
	install -D -m 644 $(TARGET)/release/libsocksify.so $(DESTDIR)$(PREFIX)/lib/socksify/libsocksify.so
	for unit in service socket; do \
		sed 's|@sbindir@|$(PREFIX)/sbin|' packaging/socksd.$$unit | \
		install -D -m 644 /dev/stdin $(DESTDIR)$(PREFIX)/lib/systemd/system/socksd.$$unit || exit; done
	for page in man/*.[1-8]; do \
		install -D -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; done
	install -D -m 644 socks-conf/schema/socks.toml.schema.json $(DESTDIR)$(PREFIX)/share/socksify/socks.toml.schema.json
	for program in socksify socksd; do \
		install -D -m 644 completions/$$program.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$program && \
		install -D -m 644 completions/_$$program $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_$$program && \
		install -D -m 644 completions/$$program.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/$$program.fish || exit; done

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/socksify $(DESTDIR)$(PREFIX)/sbin/socksd
	rm -rf $(DESTDIR)$(PREFIX)/lib/socksify $(DESTDIR)$(PREFIX)/share/socksify
	rm -f $(DESTDIR)$(PREFIX)/lib/systemd/system/socksd.service $(DESTDIR)$(PREFIX)/lib/systemd/system/socksd.socket
	for page in man/*.[1-8]; do rm -f $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/}; done
	for program in socksify socksd; do \
		rm -f $(DESTDIR)$(PREFIX)/share/bash-completion/completions/$$program; \
		rm -f $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_$$program; \
		rm -f $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/$$program.fish; done

clean:
	$(CARGO) clean
