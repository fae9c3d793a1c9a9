/* options HOST PORT: what the application set on its socket is set after connect, and nothing else is. */
#include "probe.h"

static int option(int fd, int level, int name) {
    int value = -1;
    socklen_t length = sizeof value;
    CHECK(getsockopt(fd, level, name, &value, &length) == 0);
    return value;
}

static const int names[][2] = {{SOL_SOCKET, SO_KEEPALIVE},  {SOL_SOCKET, SO_RCVTIMEO}, {SOL_SOCKET, SO_SNDTIMEO},
                               {SOL_SOCKET, SO_REUSEADDR},  {SOL_SOCKET, SO_OOBINLINE}, {IPPROTO_TCP, TCP_NODELAY},
                               {IPPROTO_TCP, TCP_KEEPIDLE}, {IPPROTO_TCP, TCP_USER_TIMEOUT}};

static void unchanged(const struct address *to, int set) {
    int values[sizeof names / sizeof *names], fd = stream(to), one = 1;
    if (set) {
        CHECK(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one) == 0);
        CHECK(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0);
        CHECK(fcntl(fd, F_SETFD, FD_CLOEXEC) == 0);
    }
    for (size_t each = 0; each < sizeof names / sizeof *names; each++)
        values[each] = option(fd, names[each][0], names[each][1]);
    int status = fcntl(fd, F_GETFL), flags = fcntl(fd, F_GETFD);
    CHECK(connect(fd, &to->any, to->length) == 0);
    CHECK(fcntl(fd, F_GETFL) == status && fcntl(fd, F_GETFD) == flags);
    for (size_t each = 0; each < sizeof names / sizeof *names; each++)
        CHECK(values[each] == option(fd, names[each][0], names[each][1]));
    exchange(fd);
}

int main(int count, char **words) {
    CHECK(count == 3);
    struct address to = resolved(words[1], atoi(words[2]));
    unchanged(&to, 0);
    unchanged(&to, 1);
    return 0;
}
