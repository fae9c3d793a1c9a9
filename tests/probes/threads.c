/* threads HOST PORT: eight threads resolve and connect at once. */
#include "probe.h"
#include <pthread.h>

static char **arguments;

static void *work(void *nothing) {
    (void)nothing;
    for (int turn = 0; turn < 20; turn++) {
        struct address to = resolved(arguments[1], atoi(arguments[2]));
        int fd = connected(&to);
        struct address seen = peer(fd);
        CHECK(same(&seen, &to));
        exchange(fd);
        CHECK(close(fd) == 0);
    }
    return NULL;
}

int main(int count, char **words) {
    pthread_t threads[8];
    CHECK(count == 3);
    arguments = words;
    for (int one = 0; one < 8; one++)
        CHECK(pthread_create(&threads[one], NULL, work, NULL) == 0);
    for (int one = 0; one < 8; one++)
        CHECK(pthread_join(threads[one], NULL) == 0);
    return 0;
}
