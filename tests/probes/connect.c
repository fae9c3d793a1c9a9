/* connect HOST PORT MODE: prints "connected" or the errno the application would see. */
#include "probe.h"
#include <sys/epoll.h>
#include <sys/select.h>

static int await_poll(int fd) {
    struct pollfd entry = {.fd = fd, .events = POLLOUT};
    return poll(&entry, 1, -1);
}

static int await_select(int fd) {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(fd, &set);
    return select(fd + 1, NULL, &set, NULL, NULL);
}

static int await_epoll(int fd) {
    struct epoll_event wanted = {.events = EPOLLOUT | EPOLLET}, came;
    int set = epoll_create1(EPOLL_CLOEXEC);
    CHECK(set >= 0 && epoll_ctl(set, EPOLL_CTL_ADD, fd, &wanted) == 0);
    return epoll_wait(set, &came, 1, -1);
}

static int error_of(int fd) {
    int error;
    socklen_t length = sizeof error;
    CHECK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0);
    return error;
}

int main(int count, char **words) {
    CHECK(count == 4);
    struct address to = resolved(words[1], atoi(words[2]));
    const char *mode = words[3];
    int fd = stream(&to), blocking = strcmp(mode, "blocking") == 0;
    if (!blocking)
        CHECK(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    int error = connect(fd, &to.any, to.length) == 0 ? 0 : errno;
    if (error == EINPROGRESS && !blocking) {
        int ready = !strcmp(mode, "poll") ? await_poll(fd) : !strcmp(mode, "select") ? await_select(fd) : await_epoll(fd);
        CHECK(ready == 1);
        error = error_of(fd);
    }
    puts(error ? strerrorname_np(error) : "connected");
    if (error == 0) {
        CHECK(fcntl(fd, F_SETFL, 0) == 0);
        exchange(fd);
    }
    return 0;
}
