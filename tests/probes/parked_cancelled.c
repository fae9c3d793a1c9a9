/* parked_cancelled HOST PORT GATE WHERE: a thread that waits for a connecting socket can be cancelled; the handshake
 * goes on. */
#include "gate.h"
#include <sys/epoll.h>
#include <sys/select.h>

static int fd, cleaned;
static const char *where;
static volatile pid_t waiter;

static void clean(void *nothing) {
    (void)nothing;
    cleaned = 1;
}

static void wait_for_it(void) {
    char byte;
    fd_set writable;
    struct epoll_event event = {.events = EPOLLOUT};
    if (!strcmp(where, "poll")) {
        is_writable(fd, -1);
    } else if (!strcmp(where, "read")) {
        CHECK(read(fd, &byte, 1) == -2);
    } else if (!strcmp(where, "select")) {
        FD_ZERO(&writable);
        FD_SET(fd, &writable);
        select(fd + 1, NULL, &writable, NULL, NULL);
    } else {
        int set = epoll_create1(0);
        CHECK(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0);
        epoll_wait(set, &event, 1, -1);
    }
    CHECK(!"cancelled");
}

static void *work(void *nothing) {
    pthread_cleanup_push(clean, nothing);
    waiter = syscall(SYS_gettid);
    wait_for_it();
    pthread_cleanup_pop(0);
    return NULL;
}

int main(int count, char **words) {
    pthread_t thread;
    void *outcome;
    CHECK(count == 5);
    struct address to = resolved(words[1], atoi(words[2]));
    gate_directory = words[3];
    where = words[4];
    fd = parked(&to);
    if (!strcmp(where, "read"))
        set_blocking(fd);
    CHECK(pthread_create(&thread, NULL, work, NULL) == 0);
    while (!waiter)
        a_moment();
    await_sleep(waiter);
    CHECK(pthread_cancel(thread) == 0);
    CHECK(pthread_join(thread, &outcome) == 0);
    CHECK(outcome == PTHREAD_CANCELED && cleaned);
    CHECK(!is_writable(fd, 0));
    gate_open();
    concludes(fd, &to);
    return 0;
}
