/* parked_identity HOST PORT GATE WHAT: what a socket says of itself while it connects, and afterwards. */
#include "gate.h"

static int fd;
static struct address to;
static volatile pid_t caller;

static void check_connecting(void) {
    struct address seen = {.length = sizeof seen.storage};
    CHECK(connect(fd, &to.any, to.length) == -1 && errno == EALREADY);
    CHECK(pending_error(fd) == 0);
    CHECK(getpeername(fd, &seen.any, &seen.length) == -1 && errno == ENOTCONN);
    CHECK(getsockname(fd, &seen.any, &seen.length) == 0 && seen.any.sa_family == to.any.sa_family);
    CHECK(!is_writable(fd, 0) && pending_error(fd) == 0);
}

static void check_connected(void) {
    struct address seen = {.length = sizeof seen.storage};
    CHECK(is_writable(fd, -1));
    CHECK(pending_error(fd) == 0);
    /* Telling the outcome of the first connect takes one call on some systems, none on others; then EISCONN. */
    int again = connect(fd, &to.any, to.length);
    CHECK(again == 0 || errno == EISCONN);
    CHECK(connect(fd, &to.any, to.length) == -1 && errno == EISCONN);
    seen = peer(fd);
    CHECK(same(&seen, &to));
    seen.length = sizeof seen.storage;
    CHECK(getsockname(fd, &seen.any, &seen.length) == 0 && seen.any.sa_family == to.any.sa_family);
}

/* syscall(2) is how some runtimes make their calls. */
static void by_number(void) {
    fd = socket(to.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK(syscall(SYS_connect, fd, &to.any, to.length) == -1 && errno == EINPROGRESS);
    gate_await("reached");
    CHECK(syscall(SYS_connect, fd, &to.any, to.length) == -1 && errno == EALREADY);
}

static void toggled(void) {
    char byte;
    for (int turn = 0; turn < 3; turn++) {
        set_blocking(fd);
        CHECK(!is_writable(fd, 0));
        CHECK(recv(fd, &byte, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN);
        set_nonblocking(fd);
        CHECK(recv(fd, &byte, 1, 0) == -1 && errno == EAGAIN);
        CHECK(send(fd, "x", 1, MSG_NOSIGNAL) == -1 && errno == EAGAIN);
    }
}

static void *connect_again(void *nothing) {
    caller = syscall(SYS_gettid);
    CHECK(connect(fd, &to.any, to.length) == 0 || errno == EISCONN);
    CHECK(gate_is_open);
    return nothing;
}

/* On a blocking socket the second connect waits for the outcome of the first. */
static void blocking_connect(void) {
    pthread_t thread;
    set_blocking(fd);
    CHECK(pthread_create(&thread, NULL, connect_again, NULL) == 0);
    while (!caller)
        a_moment();
    await_sleep(caller);
    gate_open();
    CHECK(pthread_join(thread, NULL) == 0);
}

int main(int count, char **words) {
    CHECK(count == 5);
    to = resolved(words[1], atoi(words[2]));
    gate_directory = words[3];
    if (!strcmp(words[4], "by_number"))
        by_number();
    else
        fd = parked(&to);
    check_connecting();
    if (!strcmp(words[4], "toggled"))
        toggled();
    if (!strcmp(words[4], "blocking_connect"))
        blocking_connect();
    else
        gate_open();
    check_connected();
    set_blocking(fd);
    exchange(fd);
    return 0;
}
