/* cancelled HOST PORT WHERE: a thread can be cancelled in connect (the proxy hangs) or in recv. */
#include "probe.h"
#include <pthread.h>

static struct address to;
static int cleaned;

static void clean(void *nothing) {
    (void)nothing;
    cleaned = 1;
}

static void *in_connect(void *nothing) {
    pthread_cleanup_push(clean, nothing);
    connected(&to);
    pthread_cleanup_pop(0);
    return NULL;
}

static void *in_recv(void *nothing) {
    char byte;
    pthread_cleanup_push(clean, nothing);
    int fd = *(int *)nothing;
    CHECK(recv(fd, &byte, 1, 0) == -2);
    pthread_cleanup_pop(0);
    return NULL;
}

int main(int count, char **words) {
    pthread_t thread;
    void *outcome;
    int fd = -1, connecting;
    CHECK(count == 4);
    connecting = strcmp(words[3], "connect") == 0;
    to = resolved(words[1], atoi(words[2]));
    if (!connecting)
        fd = connected(&to);
    CHECK(pthread_create(&thread, NULL, connecting ? in_connect : in_recv, &fd) == 0);
    CHECK(pthread_cancel(thread) == 0);
    CHECK(pthread_join(thread, &outcome) == 0);
    CHECK(outcome == PTHREAD_CANCELED && cleaned);
    if (!connecting)
        exchange(fd);
    return 0;
}
