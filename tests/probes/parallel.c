/* parallel HOST PORT COUNT: how many milliseconds COUNT connects at once take one thread with one epoll set. */
#include "gate.h"
#include <sys/epoll.h>

int main(int count, char **words) {
    CHECK(count == 4);
    struct address to = resolved(words[1], atoi(words[2]));
    int left = atoi(words[3]), set = epoll_create1(EPOLL_CLOEXEC);
    struct timespec began, ended;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &began) == 0);
    for (int one = left; one; one--) {
        int fd = socket(to.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
        struct epoll_event wanted = {.events = EPOLLOUT | EPOLLET, .data.fd = fd};
        CHECK(connect(fd, &to.any, to.length) == -1 && errno == EINPROGRESS);
        CHECK(epoll_ctl(set, EPOLL_CTL_ADD, fd, &wanted) == 0);
    }
    while (left) {
        struct epoll_event came;
        CHECK(epoll_wait(set, &came, 1, -1) == 1);
        is_without_error(came.data.fd);
        left--;
    }
    CHECK(clock_gettime(CLOCK_MONOTONIC, &ended) == 0);
    printf("%.1f\n", (ended.tv_sec - began.tv_sec) * 1e3 + (ended.tv_nsec - began.tv_nsec) / 1e6);
    return 0;
}
