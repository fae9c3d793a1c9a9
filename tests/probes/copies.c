/* copies HOST PORT: a copy of a descriptor has the same target; a closed one that is used again has none. */
#include "probe.h"

static int loopback_listener(struct address *at) {
    *at = literal("127.0.0.1", 0);
    int fd = stream(at);
    CHECK(bind(fd, &at->any, at->length) == 0 && listen(fd, 4) == 0);
    CHECK(getsockname(fd, &at->any, &at->length) == 0);
    return fd;
}

int main(int count, char **words) {
    CHECK(count == 3);
    struct address to = resolved(words[1], atoi(words[2])), seen, loopback;
    int listener = loopback_listener(&loopback);
    int fd = connected(&to);
    int copies[] = {dup(fd), dup2(fd, 90), dup3(fd, 91, O_CLOEXEC), fcntl(fd, F_DUPFD, 92),
                    fcntl(fd, F_DUPFD_CLOEXEC, 93)};
    int number = fd;
    CHECK(close(fd) == 0);
    for (size_t one = 0; one < sizeof copies / sizeof *copies; one++) {
        CHECK(copies[one] >= 0);
        seen = peer(copies[one]);
        CHECK(same(&seen, &to));
    }

    int again = stream(&loopback);
    CHECK(again == number);
    CHECK(connect(again, &loopback.any, loopback.length) == 0);
    seen = peer(again);
    CHECK(same(&seen, &loopback));

    /* dup2 onto a copy replaces it. */
    CHECK(dup2(again, copies[1]) == copies[1]);
    seen = peer(copies[1]);
    CHECK(same(&seen, &loopback));

    /* fclose closes without passing by a hook. */
    FILE *file = fdopen(copies[2], "r+");
    CHECK(file && fclose(file) == 0);
    CHECK(dup2(again, copies[2]) == copies[2]);
    seen = peer(copies[2]);
    CHECK(same(&seen, &loopback));

    exchange(copies[0]);
    CHECK(close(listener) == 0);
    return 0;
}
