/* again HOST PORT CLOSED: after a connect that failed, the same socket connects; once connected, it does not. */
#include "probe.h"

static int pending(int fd) {
    int error = -1;
    socklen_t length = sizeof error;
    CHECK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0);
    return error;
}

int main(int count, char **words) {
    CHECK(count == 4);
    struct address to = resolved(words[1], atoi(words[2])), closed = resolved(words[1], atoi(words[3])), seen;
    int fd = stream(&to);
    CHECK(connect(fd, &closed.any, closed.length) == -1 && errno == ECONNREFUSED);
    CHECK(pending(fd) == 0);
    seen.length = sizeof seen.storage;
    CHECK(getpeername(fd, &seen.any, &seen.length) == -1 && errno == ENOTCONN);
    CHECK(connect(fd, &to.any, to.length) == 0);
    seen = peer(fd);
    CHECK(same(&seen, &to));
    CHECK(connect(fd, &to.any, to.length) == -1 && errno == EISCONN);
    exchange(fd);
    return 0;
}
