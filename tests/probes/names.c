/* names HOST PORT: getpeername says what was asked for, getsockname something usable of the same family. */
#include "probe.h"

int main(int count, char **words) {
    CHECK(count == 3);
    struct address to = resolved(words[1], atoi(words[2])), seen, own;
    int fd = stream(&to);
    seen.length = sizeof seen.storage;
    CHECK(getpeername(fd, &seen.any, &seen.length) == -1 && errno == ENOTCONN);
    CHECK(connect(fd, &to.any, to.length) == 0);
    seen = peer(fd);
    CHECK(same(&seen, &to));
    CHECK(seen.length == to.length);
    own.length = sizeof own.storage;
    CHECK(getsockname(fd, &own.any, &own.length) == 0);
    CHECK(own.any.sa_family == to.any.sa_family && own.v4.sin_port != 0);

    /* A short buffer is filled as far as it goes, and the length says how much there was. */
    unsigned char few[4] = {0, 0, 0xee, 0xee};
    socklen_t length = 2;
    CHECK(getpeername(fd, (struct sockaddr *)few, &length) == 0);
    CHECK(length == to.length && few[2] == 0xee && few[3] == 0xee);
    CHECK(memcmp(few, &to.storage, 2) == 0);
    length = -1;
    errno = 0;
    CHECK(getpeername(fd, (struct sockaddr *)few, &length) == -1 && errno == EINVAL);
    exchange(fd);
    return 0;
}
