/* bound HOST PORT: a socket bound before connect keeps its port. */
#include "probe.h"

int main(int count, char **words) {
    CHECK(count == 3);
    struct address to = resolved(words[1], atoi(words[2])), own, later;
    own = literal(to.any.sa_family == AF_INET ? "0.0.0.0" : "::", 0);
    int fd = stream(&to);
    CHECK(bind(fd, &own.any, own.length) == 0);
    CHECK(getsockname(fd, &own.any, &own.length) == 0);
    CHECK(connect(fd, &to.any, to.length) == 0);
    later.length = sizeof later.storage;
    CHECK(getsockname(fd, &later.any, &later.length) == 0);
    CHECK(later.v4.sin_port == own.v4.sin_port);
    exchange(fd);
    return 0;
}
