/* small_stack HOST PORT: resolves and connects on a thread of 32 KiB. */
#include "probe.h"
#include <pthread.h>
#include <sys/mman.h>

static char **arguments;
static struct address to;

static void *work(void *nothing) {
    (void)nothing;
    exchange(connected(&to));
    return NULL;
}

static void *resolve(void *nothing) {
    (void)nothing;
    to = resolved(arguments[1], atoi(arguments[2]));
    return NULL;
}

static void run(size_t size, void *(*job)(void *)) {
    pthread_attr_t attributes;
    pthread_t thread;
    CHECK(pthread_attr_init(&attributes) == 0);
    CHECK(pthread_attr_setstacksize(&attributes, size) == 0);
    CHECK(pthread_create(&thread, &attributes, job, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

int main(int count, char **words) {
    CHECK(count == 3);
    arguments = words;
    run(32 * 1024, resolve);
    run(32 * 1024, work);
    return 0;
}
