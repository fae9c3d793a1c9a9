/* parked HOST PORT GATE WAIT ORDER OUTCOME WAITER: one event at the end of the handshake, and none before.
 *
 * WAIT is how the application waits; ORDER whether an epoll entry is made "before" or "after" connect; OUTCOME
 * "connected" or the name of an errno; WAITER "same" or "other" thread. */
#include "gate.h"
#include <sys/epoll.h>
#include <sys/select.h>

static int fd = -1, registered = -1, set = -1, outer = -1;
static const char *how;
static atomic_int came;
static volatile pid_t waiter;

static int is(const char *word, const char *other) {
    return strcmp(word, other) == 0;
}

static int is_epoll(void) {
    return set >= 0;
}

static unsigned events(void) {
    if (is(how, "edge"))
        return EPOLLOUT | EPOLLET;
    if (is(how, "oneshot"))
        return EPOLLOUT | EPOLLONESHOT;
    return is(how, "exclusive") ? EPOLLOUT | EPOLLEXCLUSIVE : EPOLLOUT;
}

static void make_sets(void) {
    struct epoll_event inner = {.events = EPOLLIN, .data.u32 = 77};
    if (is(how, "poll") || is(how, "ppoll") || is(how, "select") || is(how, "pselect"))
        return;
    set = epoll_create1(EPOLL_CLOEXEC);
    CHECK(set >= 0);
    if (is(how, "nested")) {
        outer = epoll_create1(EPOLL_CLOEXEC);
        CHECK(outer >= 0 && epoll_ctl(outer, EPOLL_CTL_ADD, set, &inner) == 0);
    }
}

static void enter(void) {
    struct epoll_event wanted = {.events = events(), .data.u64 = 0x123456789abcdef0};
    registered = is(how, "dup") ? dup(fd) : fd;
    CHECK(epoll_ctl(set, EPOLL_CTL_ADD, registered, &wanted) == 0);
}

static int by_epoll(int timeout) {
    struct epoll_event event[4];
    int count;
    if (outer >= 0) {
        count = epoll_wait(outer, event, 4, timeout);
        CHECK(count >= 0);
        if (count == 0)
            return 0;
        CHECK(count == 1 && event->data.u32 == 77);
        timeout = 0;
    }
    count = epoll_wait(set, event, 4, timeout);
    CHECK(count == 0 || count == 1);
    if (count)
        CHECK(event->data.u64 == 0x123456789abcdef0 && event->events & EPOLLOUT);
    return count;
}

static int by_poll(int timeout) {
    struct timespec limit = {timeout / 1000, timeout % 1000 * 1000000L};
    struct pollfd entry = {.fd = fd, .events = POLLOUT};
    int count = is(how, "poll") ? poll(&entry, 1, timeout) : ppoll(&entry, 1, timeout < 0 ? NULL : &limit, NULL);
    CHECK(count == 0 || (count == 1 && entry.revents & POLLOUT));
    return count;
}

static int by_select(int timeout) {
    struct timeval limit = {timeout / 1000, timeout % 1000 * 1000};
    struct timespec finer = {timeout / 1000, timeout % 1000 * 1000000L};
    fd_set writable, readable;
    FD_ZERO(&writable);
    FD_SET(fd, &writable);
    FD_ZERO(&readable);
    int count = is(how, "select") ? select(fd + 1, &readable, &writable, NULL, timeout < 0 ? NULL : &limit)
                                  : pselect(fd + 1, &readable, &writable, NULL, timeout < 0 ? NULL : &finer, NULL);
    CHECK(count == (FD_ISSET(fd, &writable) != 0));
    return count;
}

static int wait_for_it(int timeout) {
    return is_epoll() ? by_epoll(timeout) : strstr(how, "select") ? by_select(timeout) : by_poll(timeout);
}

static void *wait_elsewhere(void *nothing) {
    waiter = syscall(SYS_gettid);
    CHECK(wait_for_it(-1) == 1);
    CHECK(gate_is_open);
    came++;
    return nothing;
}

static pthread_t thread;

static void start_waiter(void) {
    CHECK(pthread_create(&thread, NULL, wait_elsewhere, NULL) == 0);
    while (!waiter)
        a_moment();
    await_sleep(waiter);
}

/* Whatever the proxy's family needs of the socket, it looks as the application made it. */
static void check_family(const struct address *to) {
    struct address own = {.length = sizeof own.storage};
    int only = -1;
    socklen_t length = sizeof only;
    CHECK(getsockname(fd, &own.any, &own.length) == 0 && own.any.sa_family == to->any.sa_family);
    if (to->any.sa_family == AF_INET6)
        CHECK(getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &length) == 0 && only == 1);
}

int main(int count, char **words) {
    CHECK(count == 8);
    struct address to = resolved(words[1], atoi(words[2])), seen;
    gate_directory = words[3];
    how = words[4];
    int first = is(words[5], "before"), refused = !is(words[6], "connected"), elsewhere = is(words[7], "other");
    const int one = 1;
    make_sets();
    fd = socket(to.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK(fd >= 0);
    if (to.any.sa_family == AF_INET6)
        CHECK(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) == 0);
    if (is_epoll() && first)
        enter();
    /* A set may be waited on before there is anything in it. */
    if (is_epoll() && !first && elsewhere)
        start_waiter();
    CHECK(connect(fd, &to.any, to.length) == -1 && errno == EINPROGRESS);
    if (is_epoll() && !first)
        enter();
    if (elsewhere && !waiter)
        start_waiter();

    gate_await("reached");
    for (int turn = 0; turn < 4; turn++) {
        if (elsewhere)
            a_moment();
        else
            CHECK(wait_for_it(turn < 3 ? 0 : 20) == 0);
    }
    CHECK(!came && pending_error(fd) == 0);
    gate_open();
    if (elsewhere)
        CHECK(pthread_join(thread, NULL) == 0 && came == 1);
    else
        CHECK(wait_for_it(-1) == 1);
    /* An entry that reports once has done so. */
    if (is(how, "edge") || is(how, "oneshot"))
        CHECK(wait_for_it(0) == 0);

    int error = pending_error(fd);
    seen.length = sizeof seen.storage;
    if (refused) {
        CHECK(error && is(strerrorname_np(error), words[6]));
        CHECK(pending_error(fd) == 0);
        CHECK(getpeername(fd, &seen.any, &seen.length) == -1 && errno == ENOTCONN);
        return 0;
    }
    CHECK(error == 0);
    check_family(&to);
    concludes(fd, &to);
    return 0;
}
