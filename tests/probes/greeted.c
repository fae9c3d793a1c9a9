/* greeted HOST PORT: the target speaks first, and its first byte is the application's. Does not block. */
#include "gate.h"
#include <sys/epoll.h>

static const char greeting[] = "220 target ready\n";

int main(int count, char **words) {
    CHECK(count == 3);
    struct address to = resolved(words[1], atoi(words[2]));
    struct epoll_event wanted = {.events = EPOLLIN | EPOLLET}, came;
    int fd = socket(to.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0), set = epoll_create1(EPOLL_CLOEXEC);
    char got[sizeof greeting];
    size_t have = 0;
    CHECK(connect(fd, &to.any, to.length) == 0 || errno == EINPROGRESS);
    CHECK(epoll_ctl(set, EPOLL_CTL_ADD, fd, &wanted) == 0);
    while (have < sizeof greeting - 1) {
        ssize_t part = recv(fd, got + have, sizeof greeting - 1 - have, 0);
        CHECK(part > 0 || (part == -1 && errno == EAGAIN));
        if (part > 0)
            have += part;
        else
            CHECK(epoll_wait(set, &came, 1, -1) == 1);
    }
    CHECK(memcmp(got, greeting, have) == 0);
    set_blocking(fd);
    exchange(fd);
    return 0;
}
