/* resolving_daemons: those that resolve names for others are not there, by their sockets and by multicast; other sockets of
 * this machine are. */
#include "probe.h"
#include <sys/un.h>

static int outcome(const char *path) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    strcpy(at.sun_path, path);
    errno = 0;
    int failed = connect(fd, (struct sockaddr *)&at, sizeof at) || write(fd, "who", 3) != 3;
    close(fd);
    return failed ? errno : 0;
}

static void sends_nothing(const char *host, int port) {
    struct address to = literal(host, port);
    int fd = socket(to.any.sa_family, SOCK_DGRAM, 0), connected_fd = socket(to.any.sa_family, SOCK_DGRAM, 0);
    if (to.any.sa_family == AF_INET6)
        to.v6.sin6_scope_id = 2;
    CHECK(sendto(fd, "who", 3, 0, &to.any, to.length) == -1 && errno == ENETUNREACH);
    CHECK(connect(connected_fd, &to.any, to.length) == -1 || send(connected_fd, "who", 3, 0) == -1);
}

int main(void) {
    static const char *const paths[] = {"/run/nscd/socket", "/var/run/nscd/socket",
                                        "/run/systemd/resolve/io.systemd.Resolve", "/run/avahi-daemon/socket"};
    for (size_t path = 0; path < sizeof paths / sizeof *paths; path++)
        CHECK(outcome(paths[path]) == ENOENT);
    sends_nothing("224.0.0.251", 5353);
    sends_nothing("ff02::fb", 5353);
    sends_nothing("10.99.1.1", 5353);
    sends_nothing("224.0.0.252", 5355);
    sends_nothing("ff02::1:3", 5355);

    struct address llmnr = literal("10.99.1.1", 5355);
    int fd = stream(&llmnr);
    CHECK(connect(fd, &llmnr.any, llmnr.length) == -1 && errno == ENETUNREACH);

    struct sockaddr_un own = {.sun_family = AF_UNIX, .sun_path = "daemon"};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(bind(listener, (struct sockaddr *)&own, sizeof own) == 0 && listen(listener, 1) == 0);
    CHECK(outcome("daemon") == 0);
    return 0;
}
