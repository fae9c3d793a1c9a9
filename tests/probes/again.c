/* again HOST PORT CLOSED: after a connect that failed, the same socket connects. */
#include "probe.h"

int main(int count, char **words) {
    CHECK(count == 4);
    struct address to = resolved(words[1], atoi(words[2])), closed = resolved(words[1], atoi(words[3])), seen;
    int fd = stream(&to);
    CHECK(connect(fd, &closed.any, closed.length) == -1 && errno == ECONNREFUSED);
    seen.length = sizeof seen.storage;
    CHECK(getpeername(fd, &seen.any, &seen.length) == -1 && errno == ENOTCONN);
    CHECK(connect(fd, &to.any, to.length) == 0);
    seen = peer(fd);
    CHECK(same(&seen, &to));
    exchange(fd);
    return 0;
}
