/* told_waits HOST PORT: datagrams that are waited for, copies of descriptors, signals. */
#include "told.h"
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/wait.h>

static int in_handler = -1;

static void polled(void) {
    int fd = datagram();
    struct pollfd entry = {.fd = fd, .events = POLLIN | POLLOUT};
    TOLD(poll(&entry, 1, 0));
    printf("  %#x\n", entry.revents);
    ask(fd, "poll", 4);
    TOLD(poll(&entry, 1, 0));
    printf("  %#x\n", entry.revents);
    fd_set readable, writable;
    struct timeval none = {0, 0};
    FD_ZERO(&readable);
    FD_ZERO(&writable);
    FD_SET(fd, &readable);
    FD_SET(fd, &writable);
    TOLD(select(fd + 1, &readable, &writable, NULL, &none));
    comes(fd);
    FD_ZERO(&readable);
    FD_SET(fd, &readable);
    TOLD(select(fd + 1, &readable, NULL, NULL, &none));
    entry.events = POLLIN;
    TOLD(poll(&entry, 1, 0));
    TOLD(close(fd));
}

static void told_events(int epoll, int timeout) {
    struct epoll_event event;
    if (TOLD(epoll_wait(epoll, &event, 1, timeout)) == 1)
        printf("  %#x\n", event.events);
}

static void edges(unsigned events) {
    int fd = datagram(), epoll = epoll_create1(0);
    struct epoll_event event = {.events = events, .data.fd = fd};
    TOLD(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
    told_events(epoll, 0);
    CHECK(sendto(fd, "epoll", 5, 0, &to.any, to.length) == 5);
    told_events(epoll, 20000);
    told_events(epoll, 0);
    comes(fd);
    told_events(epoll, 0);
    event.events = events;
    TOLD(epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event));
    CHECK(sendto(fd, "again", 5, 0, &to.any, to.length) == 5);
    told_events(epoll, 20000);
    comes(fd);
    TOLD(close(fd));
    told_events(epoll, 0);
    TOLD(close(epoll));
}

static void nonblocking(void) {
    int fd = socket(to.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    TOLD(recv(fd, got, 1, 0));
    TOLD(connect(fd, &to.any, to.length));
    TOLD(recv(fd, got, 1, 0));
    for (int index = 0; index < 30; index++)
        told("send", send(fd, bytes + index, 50 + index, 0));
    for (int index = 0; index < 30; index++)
        arrives(fd), comes(fd);
    TOLD(recv(fd, got, 1, 0));
    TOLD(close(fd));
}

static void copies(void) {
    int fd = connected_datagram(), copy = TOLD(dup(fd)), over = socket(AF_INET, SOCK_STREAM, 0), status;
    ask(copy, "copy", 4);
    comes(fd);
    TOLD(dup2(fd, over));
    TOLD(close(fd));
    ask(over, "over", 4);
    comes(copy);
    int high = TOLD(fcntl(over, F_DUPFD_CLOEXEC, 50));
    ask(high, "high", 4);
    comes(high);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        TOLD(send(over, "child", 5, 0));
        comes(high);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    TOLD(send(over, "parent", 6, 0));
    comes(copy);
    int pair[2];
    CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
    TOLD(dup2(pair[0], over));
    TOLD(send(over, "local", 5, 0));
    TOLD(recv(pair[1], got, sizeof got, 0));
    told_bytes(got, 5);
    TOLD(send(copy, "still", 5, 0));
    comes(high);
    TOLD(close(copy)), TOLD(close(high)), TOLD(close(over)), close(pair[0]), close(pair[1]);
}

static void child_begins(void) {
    int fd = connected_datagram(), status;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        TOLD(send(fd, "first", 5, 0));
        comes(fd);
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    TOLD(send(fd, "second", 6, 0));
    comes(fd);
    TOLD(close(fd));
}

static void rings(int number) {
    (void)number;
    int saved = errno;
    if (in_handler >= 0)
        CHECK(sendto(in_handler, "handler", 7, 0, &to.any, to.length) == 7);
    in_handler = -1;
    errno = saved;
}

/* A timer that rings until it is heard, so that nothing depends on when it rings. */
static void with_timer(int flags, int is_limited, int asks) {
    struct sigaction action = {.sa_handler = rings, .sa_flags = flags};
    struct itimerval often = {{0, 20000}, {0, 20000}}, never = {{0, 0}, {0, 0}};
    struct timeval limit = {is_limited ? 20 : 0, 0};
    int fd = datagram();
    printf("restart %d limited %d asks %d\n", flags != 0, is_limited, asks);
    CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0);
    ask(fd, "before", 6);
    comes(fd);
    in_handler = asks ? fd : -1;
    CHECK(sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &often, NULL) == 0);
    told("recv", recv(fd, got, sizeof got, 0));
    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
    TOLD(close(fd));
}

int main(int count, char **words) {
    begin(count, words);
    polled();
    edges(EPOLLIN);
    edges(EPOLLIN | EPOLLET);
    edges(EPOLLIN | EPOLLONESHOT);
    nonblocking();
    copies();
    child_begins();
    with_timer(0, 0, 0);
    with_timer(0, 1, 0);
    with_timer(SA_RESTART, 1, 0);
    with_timer(SA_RESTART, 0, 1);
    return 0;
}
