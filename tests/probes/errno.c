/* errno HOST PORT: calls that succeed leave errno alone. */
#include "probe.h"

#define KEPT(call)                                                                                           \
    do {                                                                                                     \
        errno = EXFULL;                                                                                      \
        CHECK(call);                                                                                         \
        CHECK(errno == EXFULL);                                                                              \
    } while (0)

int main(int count, char **words) {
    CHECK(count == 3);
    struct address to = resolved(words[1], atoi(words[2])), seen;
    int fd, copy;
    KEPT((fd = socket(to.any.sa_family, SOCK_STREAM, 0)) >= 0);
    KEPT(connect(fd, &to.any, to.length) == 0);
    seen.length = sizeof seen.storage;
    KEPT(getpeername(fd, &seen.any, &seen.length) == 0);
    KEPT((copy = dup(fd)) >= 0);
    KEPT(dup2(fd, copy) == copy);
    KEPT(close(copy) == 0);
    KEPT((copy = fcntl(fd, F_DUPFD_CLOEXEC, 100)) >= 100);
    KEPT(close(copy) == 0);
    exchange(fd);
    KEPT(close(fd) == 0);
    return 0;
}
