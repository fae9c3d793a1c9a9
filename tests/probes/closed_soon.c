/* closed_soon HOST PORT: a socket closed as soon as it is connected is in no epoll set any more. */
#include "gate.h"
#include <sys/epoll.h>

int main(int count, char **words) {
    CHECK(count == 3);
    struct address to = resolved(words[1], atoi(words[2]));
    int set = epoll_create1(EPOLL_CLOEXEC);
    for (int turn = 0; turn < 300; turn++) {
        int fd = socket(to.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
        struct epoll_event wanted = {.events = EPOLLOUT, .data.fd = fd}, came;
        CHECK(connect(fd, &to.any, to.length) == 0 || errno == EINPROGRESS);
        CHECK(epoll_ctl(set, EPOLL_CTL_ADD, fd, &wanted) == 0);
        CHECK(epoll_wait(set, &came, 1, -1) == 1);
        is_without_error(fd);
        CHECK(close(fd) == 0);
        CHECK(epoll_wait(set, &came, 1, 0) == 0);
    }
    return 0;
}
