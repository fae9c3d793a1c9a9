/* called HOST PORT MODE: a listener that belongs to a connection is called back, and everything is as with any listener. */
#include "callback.h"
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/time.h>

static int control;

static void accept_null(void) {
    int fd = listener_like(control);
    struct address own = name(fd);
    CHECK(call(control, &own));
    take(fd);
}

static void accept_address(void) {
    int fd = listener_like(control);
    struct address own = name(fd), from, later;
    CHECK(call(control, &own));
    memset(&from, 0, sizeof from);
    from.length = sizeof from.storage;
    int caller = accept(fd, &from.any, &from.length);
    CHECK(caller >= 0);
    later = peer(caller);
    CHECK(same(&from, &later) && from.length == later.length);
    later = name(caller);
    CHECK(same(&own, &later));
    converse(caller);
}

static void accept_flags(void) {
    int fd = listener_like(control);
    struct address own = name(fd);
    CHECK(call(control, &own));
    CHECK(accept4(fd, NULL, NULL, 1) == -1 && errno == EINVAL);
    int caller = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    CHECK(caller >= 0);
    CHECK(fcntl(caller, F_GETFL) & O_NONBLOCK);
    CHECK(fcntl(caller, F_GETFD) & FD_CLOEXEC);
    nonblocking(caller, 0);
    converse(caller);
    own = name(fd);
    CHECK(call(control, &own));
    nonblocking(fd, 1);
    while ((caller = accept4(fd, NULL, NULL, 0)) < 0)
        CHECK(errno == EAGAIN);
    CHECK(!(fcntl(caller, F_GETFL) & O_NONBLOCK));
    CHECK(!(fcntl(caller, F_GETFD) & FD_CLOEXEC));
    converse(caller);
}

static void inherited_options(void) {
    int fd = bound_like(control), one = 1, value = 0;
    socklen_t length = sizeof value;
    CHECK(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0);
    CHECK(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one) == 0);
    CHECK(listen(fd, 5) == 0);
    CHECK(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &length) == 0 && value == 1);
    CHECK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &length) == 0 && value == 0);
    struct address own = name(fd), other;
    other.length = sizeof other.storage;
    CHECK(getpeername(fd, &other.any, &other.length) == -1 && errno == ENOTCONN);
    CHECK(call(control, &own));
    int caller = accept(fd, NULL, NULL);
    CHECK(caller >= 0);
    CHECK(getsockopt(caller, IPPROTO_TCP, TCP_NODELAY, &value, &length) == 0 && value);
    CHECK(getsockopt(caller, SOL_SOCKET, SO_KEEPALIVE, &value, &length) == 0 && value);
    CHECK(getsockopt(caller, SOL_SOCKET, SO_ACCEPTCONN, &value, &length) == 0 && value == 0);
    converse(caller);
}

/* The listener is ready once, and only once, for each call. */
static int wait_poll(int fd, int timeout) {
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    int ready = poll(&entry, 1, timeout);
    CHECK(ready == 0 || (ready == 1 && entry.revents == POLLIN));
    return ready;
}

static int wait_select(int fd, int timeout) {
    fd_set readable;
    struct timeval none = {0};
    FD_ZERO(&readable);
    FD_SET(fd, &readable);
    return select(fd + 1, &readable, NULL, NULL, timeout ? NULL : &none);
}

static int set = -1;

static int wait_epoll(int fd, int timeout) {
    struct epoll_event event;
    int ready = epoll_wait(set, &event, 1, timeout);
    CHECK(ready == 0 || (event.data.fd == fd && event.events == EPOLLIN));
    return ready;
}

static void in_set(int fd, unsigned events) {
    struct epoll_event event = {.events = events, .data.fd = fd};
    set = epoll_create1(0);
    CHECK(set >= 0);
    CHECK(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0);
}

static void waits(int fd, int (*wait)(int, int), int is_edge) {
    nonblocking(fd, 1);
    struct address own = name(fd);
    CHECK(wait(fd, 0) == 0);
    CHECK(accept(fd, NULL, NULL) == -1 && errno == EAGAIN);
    for (int turn = 0; turn < 2; turn++) {
        CHECK(call(control, &own));
        CHECK(wait(fd, -1) == 1);
        CHECK(wait(fd, 0) == !is_edge);
        int caller = accept(fd, NULL, NULL);
        CHECK(caller >= 0);
        CHECK(wait(fd, 0) == 0);
        CHECK(accept(fd, NULL, NULL) == -1 && errno == EAGAIN);
        converse(caller);
        own = name(fd);
    }
}

static void by_poll(void) { waits(listener_like(control), wait_poll, 0); }
static void by_select(void) { waits(listener_like(control), wait_select, 0); }

static void by_epoll(unsigned events, int is_early) {
    int fd = bound_like(control);
    if (is_early)
        in_set(fd, events);
    CHECK(listen(fd, 5) == 0);
    if (!is_early)
        in_set(fd, events);
    // A bound socket that does not listen yet is hung up, which an edge may have told.
    if (is_early) {
        struct epoll_event event;
        epoll_wait(set, &event, 1, 0);
    }
    waits(fd, wait_epoll, !!(events & EPOLLET));
}

static void by_level(void) { by_epoll(EPOLLIN, 0); }
static void by_edge(void) { by_epoll(EPOLLIN | EPOLLET, 0); }
static void by_level_early(void) { by_epoll(EPOLLIN, 1); }
static void by_edge_early(void) { by_epoll(EPOLLIN | EPOLLET, 1); }

/* One after the other, on one listener. */
static void three(void) {
    int fd = listener_like(control);
    for (int turn = 0; turn < 3; turn++) {
        struct address own = name(fd);
        CHECK(call(control, &own));
        take(fd);
    }
}

static void two_listeners(void) {
    int one = listener_like(control), two = listener_like(control);
    struct address first = name(one), second = name(two);
    CHECK(!same(&first, &second));
    CHECK(call(control, &second));
    CHECK(call(control, &first));
    int caller = accept(one, NULL, NULL), other = accept(two, NULL, NULL);
    CHECK(caller >= 0 && other >= 0);
    converse(caller);
    converse(other);
}

/* Closing the last descriptor ends it: nobody answers there any longer. */
static void until_refused(const struct address *own) {
    while (call(control, own))
        ;
}

static void closed(void) {
    int fd = listener_like(control), copy;
    struct address own = name(fd);
    copy = dup(fd);
    CHECK(copy >= 0 && close(fd) == 0);
    CHECK(call(control, &own));
    take(copy);
    own = name(copy);
    CHECK(close(copy) == 0);
    until_refused(&own);
}

static void shut_down(void) {
    int fd = listener_like(control);
    struct address own = name(fd);
    CHECK(shutdown(fd, SHUT_RDWR) == 0);
    CHECK(accept(fd, NULL, NULL) == -1 && errno == EINVAL);
    until_refused(&own);
}

/* Another file takes the place of the listener. */
static void replaced(void) {
    int fd = listener_like(control);
    struct address own = name(fd);
    CHECK(dup2(control, fd) == fd);
    until_refused(&own);
}

static void *waiting(void *listener) {
    take(*(int *)listener);
    return NULL;
}

static void other_thread(void) {
    int fd = listener_like(control);
    struct address own = name(fd);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, waiting, &fd) == 0);
    CHECK(call(control, &own));
    CHECK(pthread_join(thread, NULL) == 0);
}

static void cancelled(void) {
    int fd = listener_like(control);
    struct address own = name(fd);
    pthread_t thread;
    void *result;
    CHECK(pthread_create(&thread, NULL, waiting, &fd) == 0);
    CHECK(pthread_cancel(thread) == 0);
    CHECK(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
    CHECK(call(control, &own));
    take(fd);
}

static void noted(int number) { (void)number; }

static void interrupted(void) {
    int fd = listener_like(control);
    struct sigaction action = {.sa_handler = noted};
    /* Again and again, so that nothing depends on when it rings. */
    struct itimerval often = {{0, 20000}, {0, 20000}}, never = {{0, 0}, {0, 0}};
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
    CHECK(accept(fd, NULL, NULL) == -1 && errno == EINTR);
    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
    struct timeval soon = {.tv_usec = 20000};
    CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon) == 0);
    CHECK(accept(fd, NULL, NULL) == -1 && errno == EAGAIN);
}

static int descriptors(void) {
    int count = 0;
    for (int fd = 0; fd < 1100; fd++)
        count += fcntl(fd, F_GETFD) != -1;
    return count;
}

/* Nothing is left behind: what is closed late is closed. */
static void many(void) {
    int before = descriptors();
    for (int turn = 0; turn < 50; turn++) {
        int fd = listener_like(control);
        struct address own = name(fd);
        CHECK(call(control, &own));
        int caller = accept(fd, NULL, NULL);
        CHECK(caller >= 0);
        CHECK(close(fd) == 0);
        converse(caller);
    }
    while (descriptors() != before)
        ;
}

/* An entry that is disarmed by what it tells, until it is armed again. */
static void by_one_shot(void) {
    int fd = listener_like(control);
    nonblocking(fd, 1);
    in_set(fd, EPOLLIN | EPOLLONESHOT);
    for (int turn = 0; turn < 2; turn++) {
        struct address own = name(fd);
        struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.fd = fd};
        CHECK(call(control, &own));
        CHECK(wait_epoll(fd, -1) == 1);
        CHECK(wait_epoll(fd, 0) == 0);
        take(fd);
        CHECK(epoll_ctl(set, EPOLL_CTL_MOD, fd, &event) == 0);
        CHECK(wait_epoll(fd, 0) == 0);
    }
}

/* One after the other, without end. */
static void hundred(void) {
    int fd = listener_like(control), before = descriptors();
    for (int turn = 0; turn < 100; turn++) {
        struct address own = name(fd);
        CHECK(call(control, &own));
        take(fd);
    }
    while (descriptors() > before)
        ;
}

static sem_t taken;

static void *taking(void *listener) {
    waiting(listener);
    CHECK(sem_post(&taken) == 0);
    return NULL;
}

/* Two threads wait for calls; each gets one. */
static void two_threads(void) {
    int fd = listener_like(control);
    pthread_t threads[2];
    CHECK(sem_init(&taken, 0, 0) == 0);
    for (int thread = 0; thread < 2; thread++)
        CHECK(pthread_create(&threads[thread], NULL, taking, &fd) == 0);
    for (int turn = 0; turn < 2; turn++) {
        struct address own = name(fd);
        CHECK(call(control, &own));
        CHECK(sem_wait(&taken) == 0);
    }
    for (int thread = 0; thread < 2; thread++)
        CHECK(pthread_join(threads[thread], NULL) == 0);
}

static void *refused(void *listener) {
    CHECK(accept(*(int *)listener, NULL, NULL) == -1 && errno == EINVAL);
    return NULL;
}

/* Shutting the listener down wakes who waits in accept. */
static void woken(void) {
    int fd = listener_like(control);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, refused, &fd) == 0);
    CHECK(shutdown(fd, SHUT_RDWR) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

/* close_range closes it as close does. */
static void closed_in_range(void) {
    int fd = listener_like(control);
    struct address own = name(fd);
    CHECK(close_range(fd, fd, 0) == 0);
    until_refused(&own);
}

static const struct mode modes[] = {
    {"null", accept_null},
    {"address", accept_address},
    {"flags", accept_flags},
    {"options", inherited_options},
    {"poll", by_poll},
    {"select", by_select},
    {"level", by_level},
    {"edge", by_edge},
    {"level_early", by_level_early},
    {"edge_early", by_edge_early},
    {"three", three},
    {"two_listeners", two_listeners},
    {"closed", closed},
    {"shut_down", shut_down},
    {"replaced", replaced},
    {"other_thread", other_thread},
    {"cancelled", cancelled},
    {"interrupted", interrupted},
    {"many", many},
    {"one_shot", by_one_shot},
    {"hundred", hundred},
    {"two_threads", two_threads},
    {"woken", woken},
    {"closed_in_range", closed_in_range},
};

int main(int count, char **words) {
    CHECK(count == 4);
    struct address to = resolved(words[1], atoi(words[2]));
    control = connected(&to);
    run(words[3], modes, sizeof modes / sizeof *modes);
    return 0;
}
