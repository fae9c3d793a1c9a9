/* parked_signals HOST PORT GATE WHAT: a connect or a wait that a signal or a time limit ends, and the handshake that
 * goes on. */
#include "gate.h"
#include <signal.h>
#include <sys/time.h>

static struct address to;

static void on_alarm(int signal) {
    (void)signal;
}

/* Again and again, so that nothing depends on when it rings. */
static void ring(long microseconds, int flags) {
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = flags};
    struct itimerval often = {{0, microseconds}, {0, microseconds}};
    CHECK(sigaction(SIGALRM, &action, NULL) == 0);
    CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
}

static void quiet(void) {
    struct itimerval never = {{0, 0}, {0, 0}};
    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
}

static void finish(int fd) {
    gate_await("reached");
    CHECK(!is_writable(fd, 0) && pending_error(fd) == 0);
    set_nonblocking(fd);
    CHECK(connect(fd, &to.any, to.length) == -1 && errno == EALREADY);
    gate_open();
    concludes(fd, &to);
}

static void interrupted_connect(void) {
    int fd = stream(&to);
    ring(20000, 0);
    CHECK(connect(fd, &to.any, to.length) == -1 && errno == EINTR);
    quiet();
    finish(fd);
}

static void send_timeout(void) {
    int fd = stream(&to);
    struct timeval limit = {0, 20000};
    CHECK(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0);
    CHECK(connect(fd, &to.any, to.length) == -1 && errno == EINPROGRESS);
    finish(fd);
}

static void interrupted_wait(int flags) {
    int fd = parked(&to);
    struct pollfd entry = {.fd = fd, .events = POLLOUT};
    ring(20000, flags);
    /* poll(2) is never restarted. */
    CHECK(poll(&entry, 1, -1) == -1 && errno == EINTR);
    quiet();
    finish(fd);
}

int main(int count, char **words) {
    CHECK(count == 5);
    to = resolved(words[1], atoi(words[2]));
    gate_directory = words[3];
    if (!strcmp(words[4], "interrupted_connect"))
        interrupted_connect();
    else if (!strcmp(words[4], "send_timeout"))
        send_timeout();
    else
        interrupted_wait(strcmp(words[4], "restarting_poll") ? 0 : SA_RESTART);
    return 0;
}
