/* parked_limits HOST PORT GATE ROOM: where no or few descriptors are left for us, the connect still ends well, be it
 * that it has to block. */
#include "gate.h"
#include <sys/resource.h>

static void *open_soon(void *nothing) {
    gate_await("reached");
    gate_open();
    return nothing;
}

int main(int count, char **words) {
    pthread_t thread;
    struct rlimit limit;
    CHECK(count == 5);
    struct address to = resolved(words[1], atoi(words[2]));
    gate_directory = words[3];
    int fd = socket(to.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = fd + 1 + (strcmp(words[4], "no_descriptors") ? 1 : 0);
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHECK(pthread_create(&thread, NULL, open_soon, NULL) == 0);
    int error = connect(fd, &to.any, to.length) == 0 ? 0 : errno;
    CHECK(error == 0 || error == EINPROGRESS);
    concludes(fd, &to);
    CHECK(pthread_join(thread, NULL) == 0);
    return 0;
}
